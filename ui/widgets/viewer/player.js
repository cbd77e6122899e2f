// Playback: the source and, after a job, the result over its background and its alpha, frame by frame in step.
const SPEEDS = [1, 2, 4];
const ASK_MS = 700;
const player = {
  isPlaying: false, speed: 1, direction: 1, source: null, over: null, under: null, matte: null, timer: null, waiting: null,
  pictures() {
    if (!this.isPlaying || !this.canStream()) return null;
    return {
      source: this.source,
      over: this.over && hasResult(state.frame) ? this.over : null,
      under: this.under && hasCompared(state.frame) ? this.under : null,
      matte: this.hasMatte() && hasResult(state.frame) ? this.matte : null,
    };
  },
  hasMatte() { return Boolean(this.matte && this.matte.dataset.loaded); },
  // The alpha alone is never replaced by the source: without its clip, frames come one by one.
  canStream() { return this.direction > 0 && this.isReady() && (state.mode !== "alpha" || this.hasMatte()); },
  isSeeking() { return Boolean(this.direction > 0 && this.source && !this.source.paused && this.source.seeking); },
  isReady() { return Boolean(this.source && this.source.readyState >= 2); },
};
const makeVideo = (url) => {
  const video = make("video", { src: url, muted: true, playsinline: true, preload: "auto" });
  video.muted = true;
  video.addEventListener("loadeddata", () => { video.dataset.loaded = "true"; }, { once: true });
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
const prepareResult = () => {
  player.over = result() ? resultVideo(result().playable) : null;
  player.matte = null;
};
// Fetched when it is first played: many only look at the result over its background.
const prepareMatte = () => {
  if (!player.matte && result() && needsMatte()) player.matte = resultVideo(result().matte);
};
const prepareCompared = () => {
  player.under = compared() ? resultVideo(compared().playable, `&version=${compared().version}`) : null;
};
const dropPlayback = () => {
  pause();
  clearTimeout(player.waiting);
  Object.assign(player, { source: null, over: null, under: null, matte: null });
  root.dataset.playback = "";
};
const isLooped = () => state.isLooping && state.range.first < state.range.last;
const lastPlayed = () => (isLooped() ? state.range.last : clip().frames - 1);
const firstPlayed = () => (isLooped() ? state.range.first : 0);
const pauseVideos = () => { for (const video of [player.source, player.over, player.under, player.matte]) if (video) video.pause(); };
const pause = () => {
  if (!player.isPlaying) return;
  player.isPlaying = false;
  clearTimeout(player.timer);
  pauseVideos();
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
  if (direction > 0 && (state.frame >= lastPlayed() || state.frame < firstPlayed())) showFrame(state.range.first, true);
  preparePlayback();
  prepareMatte();
  startVideos();
  showPlaying();
  clearTimeout(player.timer);
  tick();
};
const togglePlay = () => { if (player.isPlaying) pause(); else play(1); };
const LOOP_KEY = "splazmatte.loop";
const setLoop = (isLooping) => {
  state.isLooping = isLooping;
  try { localStorage.setItem(LOOP_KEY, isLooping ? "on" : "off"); } catch (problem) { /* private mode */ }
  showPlaying();
};
try { state.isLooping = localStorage.getItem(LOOP_KEY) === "on"; } catch (problem) { /* private mode */ }
const startVideos = () => {
  if (!player.canStream()) return;
  player.source.playbackRate = player.speed * (clip().rate / clip().playback_rate);
  player.source.currentTime = (state.frame + 0.5) / clip().playback_rate;
  player.source.play().catch((problem) => { if (problem.name !== "AbortError") pause(); });
  followResults(true);
};
// A result's clip follows the source's: it goes faster or slower when it is off by a frame, and jumps when by more than two.
const follow = (video, isCovered, first, isStart) => {
  if (!video || video.readyState < 1) return;
  if (!isCovered) { video.pause(); return; }
  const wanted = (player.source.currentTime * clip().playback_rate - first) / clip().rate;
  const late = wanted - video.currentTime;
  const isOff = Math.abs(late) > 0.75 / clip().rate;
  video.playbackRate = player.speed * (isOff ? clamp(1 + 2 * late, 0.8, 1.25) : 1);
  if (isStart || Math.abs(late) > 2 / clip().rate) video.currentTime = wanted;
  if (video.paused) video.play().catch(() => {});
};
const followResults = (isStart = false) => {
  if (player.over) follow(player.over, hasResult(state.frame), result().first, isStart);
  if (player.under) follow(player.under, state.mode === "wipe" && hasCompared(state.frame), compared().first, isStart);
  if (player.matte) follow(player.matte, needsMatte() && hasResult(state.frame), result().first, isStart);
};
const playOn = (frame) => { place(frame); startVideos(); player.timer = setTimeout(tick, 8); };
const tick = async () => {
  if (!player.isPlaying || !element.isConnected) return;
  if (player.isSeeking()) { player.timer = setTimeout(tick, 8); return; }
  if (player.pictures()) {
    if (player.source.paused && !player.source.ended) startVideos();
    const frame = clamp(Math.floor(player.source.currentTime * clip().playback_rate), 0, lastPlayed());
    place(frame); draw(); followResults();
    if (player.source.ended || frame >= lastPlayed()) {
      if (isLooped()) playOn(state.range.first); else { place(lastPlayed()); pause(); }
      return;
    }
    player.timer = setTimeout(() => requestAnimationFrame(tick), 8);
    return;
  }
  // Without a playback clip (not made yet, or backwards) the frames come one by one.
  if (player.isReady() && !player.source.paused) pauseVideos();
  let next = state.frame + player.direction;
  if (next < firstPlayed() || next > lastPlayed()) {
    if (!isLooped()) { pause(); return; }
    next = player.direction > 0 ? state.range.first : state.range.last;
  }
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
  part("loop").setAttribute("aria-pressed", String(Boolean(state.isLooping)));
  part("speed").textContent = player.isPlaying && (player.speed > 1 || player.direction < 0)
    ? `${player.direction < 0 ? "−" : ""}${player.speed}×` : "";
  root.dataset.playing = String(player.isPlaying);
  drawInk();
};
