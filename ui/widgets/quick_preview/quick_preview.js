// The preview without a mark: asks the server until the clip is there, and shows the newest frame meanwhile.
const root = element.querySelector(".sm-quick-preview");
const picture = root.querySelector("img");
const video = root.querySelector("video");
const line = root.querySelector("[data-part=line]");
const PERIOD_MS = 1500;
let timer = null;
let turn = 0;

const show = (state) => {
  root.style.setProperty("--sm-ratio", shownRatio());
  root.hidden = false;
  line.textContent = state.ready ? "" : label("making", state);
  video.hidden = !state.ready;
  picture.hidden = state.ready || !state.done;
  if (state.ready) video.src = mediaUrl(props.session, "quick_preview.mp4");
  else if (state.done) picture.src = mediaUrl(props.session, `quick_preview.jpg?v=${state.done}`);
};
const poll = async (own) => {
  let answer = null;
  try { answer = await server.quick_preview({ session: props.session }); } catch (problem) { answer = null; }
  if (own !== turn || !element.isConnected) return;
  if (answer && !answer.state) { root.hidden = true; return; }
  if (answer) show(answer.state);
  if (!answer || !answer.state.ready) timer = setTimeout(() => poll(own), PERIOD_MS);
};
const start = () => {
  turn += 1;
  clearTimeout(timer);
  root.hidden = true;
  video.removeAttribute("src");
  if (props.session) poll(turn);
};
picture.onerror = () => { picture.hidden = true; };
const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
};
watch("texts", showTexts);
watch("session", start);
showTexts();
start();
