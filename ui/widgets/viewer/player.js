// Playback: the source and, after a job, the result over its background, frame by frame in step.
const SPEEDS = [1, 2, 4];
const ASK_MS = 700;
const player = {
  isPlaying: false, speed: 1, direction: 1, source: null, over: null, under: null, timer: null, waiting: null,
  pictures() {
    if (!this.isPlaying || this.direction < 0 || !this.isReady()) return null;
    return {
      source: this.source,
      over: this.over && hasResult(state.frame) ? this.over : null,
      under: this.under && hasCompared(state.frame) ? this.under : null,
    };
  },
  isReady() { return Boolean(this.source && this.source.readyState >= 2); },
};
const makeVideo = (url) => {
  const video = make("video", { src: url, muted: true, playsinline: true, preload: "auto" });
  video.muted = true;
  return video;
};
const seekVideo = (video, seconds) => new Promise((resolve) => {
  if (!video.seeking && Math.abs(video.currentTime - seconds) < 0.001) { resolve(video); return; }
  video.addEventListener("seeked", () => resolve(video), { once: true });
  video.currentTime = seconds;
});
// A frame out of the playback clips, null where they can't show it: small, but there long before the exact one.
const quickPictures = async (frame) => {
  if (player.isPlaying || !player.isReady() || state.mode === "alpha") return null;
  const wantsOver = needsOver() && hasResult(frame);
  if (wantsOver && !(player.over && player.over.readyState >= 1)) return null;
  const [source, over] = await Promise.all([
    seekVideo(player.source, (frame + 0.5) / clip().playback_rate),
    wantsOver ? seekVideo(player.over, (frame - result().first + 0.5) / clip().rate) : null,
  ]);
  return { source, over };
};
// The playback clip of the source is made when it is first asked for; its frame n is at n / rate seconds.
const preparePlayback = async () => {
  const session = clip() ? clip().session : "";
  if (!session || (player.source && player.source.dataset.session === session)) return;
  let answer = null;
  try { answer = await server.playback({ session }); } catch (problem) { answer = null; }
  if (!clip() || clip().session !== session || !answer || !answer.ok) return;
  if (!answer.ready) { clearTimeout(player.waiting); player.waiting = setTimeout(preparePlayback, ASK_MS); return; }
  state.cuts = answer.cuts || [];
  drawTimeline();
  player.source = makeVideo(mediaUrl(session, "playback.mp4"));
  player.source.dataset.session = session;
  player.source.addEventListener("loadeddata", () => { root.dataset.playback = "ready"; });
};
const resultVideo = (file, further = "") =>
  (file ? makeVideo(mediaUrl(clip().session, `file/${file}?inline=1&v=${encodeURIComponent(result().version)}${further}`)) : null);
const prepareResult = () => { player.over = result() ? resultVideo(result().playable) : null; };
const prepareCompared = () => {
  player.under = compared() ? resultVideo(compared().playable, `&version=${compared().version}`) : null;
};
const dropPlayback = () => {
  pause();
  clearTimeout(player.waiting);
  Object.assign(player, { source: null, over: null, under: null });
  root.dataset.playback = "";
};
const lastPlayed = () => clip().frames - 1;
const pause = () => {
  if (!player.isPlaying) return;
  player.isPlaying = false;
  clearTimeout(player.timer);
  for (const video of [player.source, player.over, player.under]) if (video) video.pause();
  showPlaying();
  showFrame(state.frame);
};
const play = (direction = 1) => {
  if (!clip()) return;
  if (player.isPlaying && player.direction === direction) {
    player.speed = SPEEDS[(SPEEDS.indexOf(player.speed) + 1) % SPEEDS.length];
  } else player.speed = 1;
  player.isPlaying = true;
  player.direction = direction;
  if (direction > 0 && state.frame >= lastPlayed()) showFrame(state.range.first, true);
  preparePlayback();
  startVideos();
  showPlaying();
  clearTimeout(player.timer);
  tick();
};
const togglePlay = () => { if (player.isPlaying) pause(); else play(1); };
const startVideos = () => {
  if (!player.isReady() || player.direction < 0) return;
  player.source.playbackRate = player.speed * (clip().rate / clip().playback_rate);
  player.source.currentTime = (state.frame + 0.5) / clip().playback_rate;
  player.source.play().catch(pause);
  followResults(true);
};
// A result's clip follows the source's: it is set right when it is off by more than two frames.
const follow = (video, isCovered, first, isStart) => {
  if (!video || video.readyState < 1) return;
  if (!isCovered) { video.pause(); return; }
  const wanted = (state.frame - first + 0.5) / clip().rate;
  video.playbackRate = player.speed;
  if (isStart || Math.abs(video.currentTime - wanted) > 2 / clip().rate) video.currentTime = wanted;
  if (video.paused) video.play().catch(() => {});
};
const followResults = (isStart = false) => {
  if (player.over) follow(player.over, hasResult(state.frame), result().first, isStart);
  if (player.under) follow(player.under, state.mode === "wipe" && hasCompared(state.frame), compared().first, isStart);
};
const tick = async () => {
  if (!player.isPlaying || !element.isConnected) return;
  if (player.pictures()) {
    if (player.source.paused && !player.source.ended) startVideos();
    const frame = clamp(Math.floor(player.source.currentTime * clip().playback_rate), 0, lastPlayed());
    place(frame); draw(); followResults();
    if (player.source.ended || frame >= lastPlayed()) { place(lastPlayed()); pause(); return; }
    player.timer = setTimeout(() => requestAnimationFrame(tick), 8);
    return;
  }
  // Without a playback clip (not made yet, or backwards) the frames come one by one.
  const next = state.frame + player.direction;
  if (next < 0 || next > lastPlayed()) { pause(); return; }
  const began = performance.now();
  place(next);
  await refresh();
  const rest = 1000 / (clip().rate * player.speed) - (performance.now() - began);
  player.timer = setTimeout(tick, Math.max(rest, 0));
};
const showPlaying = () => {
  const button = part("play");
  button.setAttribute("aria-pressed", String(player.isPlaying));
  button.firstElementChild.textContent = player.isPlaying ? "❚❚" : "▶";
  part("speed").textContent = player.isPlaying && (player.speed > 1 || player.direction < 0)
    ? `${player.direction < 0 ? "−" : ""}${player.speed}×` : "";
  root.dataset.playing = String(player.isPlaying);
  drawInk();
};
