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
const write = (ids) => { try { localStorage.setItem(KEY, JSON.stringify(ids.slice(0, MOST))); } catch (problem) { /* private mode */ } };

const show = async () => {
  const { session, language } = props.current || {};
  if (!language) return;
  try { localStorage.setItem("splazmatte.language", props.current.chosen || localStorage.getItem("splazmatte.language") || ""); }
  catch (problem) { /* private mode */ }
  if (session) write([session, ...read().filter((id) => id !== session)]);
  root.querySelector("summary").textContent = label("title");
  const fresh = root.querySelector("[data-part=fresh]");
  fresh.textContent = label("fresh");
  fresh.hidden = !session;
  let answer = null;
  try { answer = await server.recent_sessions({ ids: read(), language }); } catch (problem) { answer = null; }
  if (!answer || !answer.ok) return;
  write(answer.sessions.map((item) => item.id));
  const others = answer.sessions.filter((item) => item.id !== session);
  root.querySelector("details").hidden = !others.length;
  list.replaceChildren(...others.map((item) => {
    const time = new Date(item.created_at_s * 1000).toLocaleString(document.documentElement.lang, {
      month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
    });
    return make("li", {}, make("a", { href: `?s=${encodeURIComponent(item.id)}`, text: item.name }),
      make("span", { class: "sm-hint", text: `${time} · ${item.status}` }));
  }));
};
watch(["current", "texts"], show);
show();
