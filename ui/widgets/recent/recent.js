// This browser's recent sessions; only their ids are kept here, the server says what became of them.
const root = element.querySelector(".sm-recent");
const list = root.querySelector("details ul");
const KEY = "splazmatte.sessions";
const MOST = 60;
const AGAIN_MS = 2000;
let again = null;
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
  const { language } = props.current || {};
  if (!language) return;
  const session = props.current.session ?? new URL(location.href).searchParams.get("s");
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
  const known = [...answer.sessions, ...answer.deleted].map((item) => item.id);
  write(read().filter((id) => known.includes(id)));
  notice([...answer.notices, ...(props.current.refused || [])]);
  part("sign-out").hidden = !answer.can_sign_out;
  part("sign-out").textContent = label("sign_out", { user: answer.user });
  const own = answer.sessions.find((item) => item.id === session);
  keep.hidden = !own;
  if (own) showKept(own.kept);
  const others = answer.sessions.filter((item) => item.id !== session);
  root.querySelector("details").hidden = !others.length;
  showAll(answer.sessions);
  showDeleted(answer.deleted, answer.user);
  // A name that is being typed, or a delete that is asked for, is not taken away.
  if (isAnew || !list.querySelector("input, [data-sure]")) list.replaceChildren(...others.map((item) => lineOf(item, answer.user)));
  isAnew = false;
  clearTimeout(again);
  const isWaiting = answer.sessions.some((item) => item.active);
  if (isWaiting && element.isConnected) again = setTimeout(show, AGAIN_MS);
};
// What is done with all sessions of the list together.
const showAll = (sessions) => {
  // What is done stays out while others are left: a second press goes on where the first one ended.
  const idle = sessions.filter((item) => !item.active);
  const left = idle.filter((item) => !item.done);
  const ready = left.length ? left : idle;
  const done = sessions.filter((item) => item.done);
  part("start-all").textContent = label("start_all", { count: ready.length });
  part("start-all").hidden = ready.length < 2;
  part("start-all").onclick = () => {
    tell("say", { kind: "step", text: label("starting_all", { count: ready.length }) });
    trigger("start_all", { sessions: ready.map((item) => item.id) });
  };
  part("all-hint").textContent = label("start_all_hint");
  part("all-hint").hidden = ready.length < 2;
  const link = part("download-all");
  link.hidden = done.length < 2;
  link.textContent = label("download_all", { count: done.length });
  if (done.length) link.href = mediaUrl(done[0].id, `all.zip?also=${done.slice(1).map((item) => encodeURIComponent(item.id)).join(",")}`);
};
watch(["current", "texts"], show);
show();
