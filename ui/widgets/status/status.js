// The status line: always names the next step; the page's language and address follow it.
const root = element.querySelector(".sm-status");
const show = () => {
  const status = props.status || {};
  root.dataset.kind = status.kind || "step";
  root.setAttribute("role", status.kind === "error" ? "alert" : "status");
  root.textContent = status.text || "";
  if (status.language) document.documentElement.lang = status.language === "zh" ? "zh-CN" : "en";
  if (status.session !== undefined) {
    const address = new URL(location.href);
    if (status.session) address.searchParams.set("s", status.session); else address.searchParams.delete("s");
    if (address.href !== location.href) window.history.replaceState(null, "", address);
  }
  if (status.text) document.body.dataset.ready = "true";
};
watch("status", show);
show();
