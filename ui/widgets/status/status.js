// The status line: always names the next step; the page's language and address follow it.
const root = element.querySelector(".sm-status");
const say = ({ kind, text }) => {
  root.dataset.kind = kind || "step";
  root.setAttribute("role", kind === "error" ? "alert" : "status");
  root.textContent = text || "";
};
const show = () => {
  const status = props.status || {};
  say(status);
  if (status.language) document.documentElement.lang = status.language === "zh" ? "zh-CN" : "en";
  if (status.session !== undefined) {
    const address = new URL(location.href);
    if (status.session) address.searchParams.set("s", status.session); else address.searchParams.delete("s");
    // Another clip in place of one: Back leads to the one before.
    const isOther = status.session && new URL(location.href).searchParams.has("s");
    if (address.href !== location.href) window.history[isOther ? "pushState" : "replaceState"](null, "", address);
  }
  if (status.text) document.body.dataset.ready = "true";
};
// Whether the server answers, and still knows who asks; what is clicked while it doesn't would be lost without a word.
const ASK_MS = 5000;
let trouble = ""; // "away", "signed_out"
const troubleNow = async () => {
  try {
    const { status } = await fetch("gradio_api/app_id", { cache: "no-store" });
    if (status === 401) return "signed_out";
    return status >= 500 ? "away" : ""; // A server that is starting answers too, and a proxy before one that is away.
  } catch (problem) { return "away"; }
};
const lookForTrouble = async () => {
  const before = trouble;
  trouble = await troubleNow();
  if (trouble) {
    if (root.textContent.startsWith(label(trouble))) return; // A link that is being clicked stays.
    say({ kind: "error", text: label(trouble) });
    if (trouble === "signed_out") root.append(" ", make("a", { href: location.href, text: label("sign_in") }));
  } else if (before) { show(); tell("server", { isBack: true }); }
};
const askServer = async () => {
  if (!element.isConnected) return;
  if (!document.hidden) await lookForTrouble();
  setTimeout(askServer, trouble ? 1000 : ASK_MS);
};
setTimeout(askServer, ASK_MS);
// Gradio refuses a file by its name's ending before it sends it: "Invalid file type: a.jpg. Only .png allowed."
const REFUSED_FILE = /Invalid file type: (.*?)\. Only (\.[\w., ]+?) allowed\./g;
const wordsOf = (text) => {
  const refused = [...text.matchAll(REFUSED_FILE)].pop();
  if (!refused) return label("no_answer");
  const [, name, endings] = refused;
  return label("wrong_file", { name, allowed: endings.split(", ").map((ending) => ending.slice(1).toUpperCase()).join(" / ") });
};
// Gradio tells what it could not send in a pop-up of its own, in English; the line says it in the page's words.
const noticePopUps = new MutationObserver(async () => {
  if (!element.isConnected) { noticePopUps.disconnect(); return; }
  // It also titles tick boxes with the names that requests have for them.
  for (const box of document.querySelectorAll("input[type=checkbox][title]")) box.removeAttribute("title");
  // A further error joins the pop-up that is there.
  const popUp = [...document.querySelectorAll(".toast-body.error")].find((one) => one.dataset.seen !== one.textContent);
  if (!popUp) return;
  popUp.dataset.seen = popUp.textContent;
  tell("unanswered", {});
  if (!trouble) await lookForTrouble();
  if (!trouble) say({ kind: "error", text: wordsOf(popUp.textContent) });
});
noticePopUps.observe(document.body, { childList: true, subtree: true });
hear("say", say);
const onBack = () => {
  if (!element.isConnected) { window.removeEventListener("popstate", onBack); return; }
  location.reload();
};
window.addEventListener("popstate", onBack);
watch("status", show);
show();
