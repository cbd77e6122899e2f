// Progress of the session's job: asks the server every 0.7 s and says when the job has ended.
const root = element.querySelector(".sm-progress");
const bar = root.querySelector("[role=progressbar]");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const PERIOD_MS = 700;
let timer = null;
let turn = 0;
let liveVersion = "";

const lineOf = (job) => {
  const words = [];
  if (job.state === "queued") {
    words.push(job.in_front ? label("queued", { count: job.in_front }) : label("next_up"));
    if (job.wait_s !== null) words.push(label("wait", { time: shownTime(job.wait_s) }));
    return words;
  }
  if (job.is_cancelling) return [label("cancelling")];
  if (job.is_preparing) return [`${job.stage}…`, label("elapsed", { time: shownTime(job.elapsed_s) })];
  // Every frame is on its way; encoders and the last checks take a while longer.
  if (job.is_active && job.fraction >= 1) return [label("finishing"), label("elapsed", { time: shownTime(job.elapsed_s) })];
  words.push(label("units", { stage: job.stage, done: job.done, total: job.total }));
  if (job.fps !== null) words.push(label("fps", { fps: job.fps.toFixed(job.fps < 10 ? 1 : 0) }));
  words.push(label("elapsed", { time: shownTime(job.elapsed_s) }));
  if (job.remaining_s !== null) words.push(label("remaining", { time: shownTime(job.remaining_s) }));
  // The first job knows of later stages only how much there is to do.
  else if (job.stage_remaining_s !== null) words.push(label("stage_remaining", { stage: job.stage, time: shownTime(job.stage_remaining_s) }));
  return words;
};

// A notification needs the user's leave and a secure address; the sound is off until it is asked for.
const LONG_S = 10;
const setting = (name) => { try { return localStorage.getItem(`splazmatte.${name}`) === "on"; } catch (problem) { return false; } };
const canNotify = () => "Notification" in window && window.isSecureContext;
const showSettings = () => {
  part("notify").hidden = !canNotify();
  part("notify").setAttribute("aria-pressed", String(canNotify() && Notification.permission === "granted" && setting("notify")));
  part("sound").setAttribute("aria-pressed", String(setting("sound")));
};
const change = async (name) => {
  const isOn = part(name).getAttribute("aria-pressed") !== "true";
  if (name === "notify" && isOn && await Notification.requestPermission() !== "granted") return;
  try { localStorage.setItem(`splazmatte.${name}`, isOn ? "on" : "off"); } catch (problem) { /* private mode */ }
  showSettings();
  if (name === "sound" && isOn) playSound();
};
const playSound = () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.setValueAtTime(660, 0);
  tone.frequency.setValueAtTime(880, 0.15);
  volume.gain.setValueAtTime(0.15, 0);
  volume.gain.linearRampToValueAtTime(0, 0.4);
  tone.connect(volume).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(0.4);
};
const announce = (job) => {
  const isDone = job.state === "done";
  document.body.dataset.job = document.hidden ? label(isDone ? "ended" : "failed") : "";
  showTitle();
  if (job.elapsed_s < LONG_S || job.state === "cancelled") return;
  if (setting("sound")) playSound();
  if (document.hidden && canNotify() && setting("notify") && Notification.permission === "granted") {
    const said = new Notification(label(isDone ? "ended" : "failed"), { body: document.body.dataset.clip || "", tag: "splazmatte" });
    said.onclick = () => { window.focus(); said.close(); };
  }
};
const onVisible = () => {
  if (!element.isConnected) { document.removeEventListener("visibilitychange", onVisible); return; }
  if (!document.hidden && root.hidden) { document.body.dataset.job = ""; showTitle(); }
};
document.addEventListener("visibilitychange", onVisible);

// The status line tells when a waiting job begins.
let said = "";
const tellStep = (job) => {
  const now = `${props.job.session} ${job.step}`;
  if (now !== said) tell("say", { kind: "step", text: job.step });
  said = now;
};
const show = (job) => {
  if (job.is_active) tellStep(job);
  root.hidden = false;
  root.dataset.state = job.state;
  const percent = Math.min(Math.floor(job.fraction * 100), job.is_active ? 99 : 100);
  // Without a value a progress bar tells that something goes on whose end isn't known.
  const isOpen = job.is_active && job.is_preparing && job.state !== "queued";
  if (isOpen) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", String(percent));
  bar.toggleAttribute("data-open", isOpen);
  bar.firstElementChild.style.width = isOpen ? "" : `${percent}%`;
  part("percent").textContent = job.state === "queued" || isOpen ? "" : `${percent}%`;
  document.body.dataset.job = job.state === "queued" ? label("waiting") : `${percent} %`;
  showTitle();
  part("line").textContent = lineOf(job).join(" · ");
  part("cancel").disabled = job.is_cancelling;
  const live = part("live");
  live.hidden = !job.live;
  if (job.live && job.live !== liveVersion) {
    liveVersion = job.live;
    live.style.setProperty("--sm-ratio", shownRatio());
    live.querySelector("img").src = mediaUrl(props.job.session, `live.jpg?v=${encodeURIComponent(job.live)}`);
  }
};

const poll = async (own) => {
  if (own !== turn || !element.isConnected) return;
  let answer = null;
  try { answer = await server.job_status({ session: props.job.session, language: props.spoken }); }
  catch (problem) { answer = null; }
  if (own !== turn) return;
  if (answer && answer.ok && answer.job) {
    show(answer.job);
    if (!answer.job.is_active) { stop(); announce(answer.job); trigger("finished"); return; }
  } else if (answer && answer.ok) { stop(); trigger("finished"); return; }
  else part("line").textContent = label("lost");
  timer = setTimeout(() => poll(own), PERIOD_MS);
};
const stop = () => {
  turn += 1;
  clearTimeout(timer);
  root.hidden = true;
  document.body.dataset.job = "";
  showTitle();
};
let followed = "";
const start = () => {
  const session = (props.job && props.job.session) || "";
  // A job that another tab started is told of again and again.
  if (session && session === followed && !root.hidden) return;
  stop();
  followed = session;
  if (!session) return;
  liveVersion = "";
  said = "";
  root.hidden = false;
  poll(turn);
};

part("notify").onclick = () => change("notify");
part("sound").onclick = () => change("sound");
part("cancel").onclick = async () => {
  part("cancel").disabled = true;
  try { await server.cancel_job({ session: props.job.session }); } catch (problem) { part("cancel").disabled = false; }
};
const showTexts = () => {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = label(node.dataset.text);
  for (const node of [root, bar]) node.setAttribute("aria-label", label("title"));
  root.querySelector("img").alt = label("live");
};
watch("texts", showTexts);
watch("job", start);
showTexts();
showSettings();
start();
