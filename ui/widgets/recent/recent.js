// This browser's recent sessions; only their ids are kept here, the server says what became of them.
const root = element.querySelector(".sm-recent");
const list = root.querySelector("ul");
const KEY = "splazmatte.sessions";
const MOST = 12;
const read = () => {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY) || "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string").slice(0, MOST) : [];
  } catch (problem) { return []; }
};
const part = (name) => root.querySelector(`[data-part=${name}]`);
const keep = part("keep");
const showKept = (kept) => {
  keep.setAttribute("aria-pressed", String(kept));
  keep.textContent = label(kept ? "kept" : "keep");
  keep.title = label("keep_hint");
};
keep.addEventListener("click", async () => {
  const { session, language } = props.current || {};
  const wanted = keep.getAttribute("aria-pressed") !== "true";
  let answer = null;
  try { answer = await server.keep_session({ session, keep: wanted, language }); } catch (problem) { answer = null; }
  if (answer && answer.ok) showKept(answer.kept);
  else if (answer && answer.text) notice([answer.text]);
});
part("sign-out").addEventListener("click", async () => {
  await fetch("logout", { method: "POST" });
  location.assign("./");
});
const notice = (texts) => {
  part("notices").hidden = !texts.length;
  part("notices").replaceChildren(...texts.map((text) => make("li", { text })));
};
const write = (ids) => { try { localStorage.setItem(KEY, JSON.stringify(ids.slice(0, MOST))); } catch (problem) { /* private mode */ } };

const show = async () => {
  const { session, language } = props.current || {};
  if (!language) return;
  try { localStorage.setItem("splazmatte.language", props.current.chosen || localStorage.getItem("splazmatte.language") || ""); }
  catch (problem) { /* private mode */ }
  const made = [session, ...(props.current.further || [])];
  if (session) write([...made, ...read().filter((id) => !made.includes(id))]);
  root.querySelector("summary").textContent = label("title");
  const fresh = root.querySelector("[data-part=fresh]");
  fresh.textContent = label("fresh");
  fresh.hidden = !session;
  let answer = null;
  try { answer = await server.recent_sessions({ ids: read(), language }); } catch (problem) { answer = null; }
  if (!answer || !answer.ok) return;
  write(read().filter((id) => answer.sessions.some((item) => item.id === id)));
  notice(answer.notices);
  part("sign-out").hidden = !answer.can_sign_out;
  part("sign-out").textContent = label("sign_out", { user: answer.user });
  const own = answer.sessions.find((item) => item.id === session);
  keep.hidden = !own;
  if (own) showKept(own.kept);
  const others = answer.sessions.filter((item) => item.id !== session);
  root.querySelector("details").hidden = !others.length;
  list.replaceChildren(...others.map((item) => {
    const time = new Date(item.created_at_s * 1000).toLocaleString(document.documentElement.lang, {
      month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
    });
    return make("li", {}, make("a", { href: `?s=${encodeURIComponent(item.id)}`, text: item.name }),
      make("span", { class: "sm-hint", text: [time, item.status, answer.user && item.owner !== answer.user ? item.owner : "", item.kept ? label("kept") : ""].filter(Boolean).join(" · ") }));
  }));
};
watch(["current", "texts"], show);
show();
