// What another page does with the clip is shown here: when this one is looked at again, and while it is looked at.
const lookAgain = () => trigger("refresh", { made: result() ? result().made : "" });
const onLook = () => {
  if (!element.isConnected) { document.removeEventListener("visibilitychange", onLook); return; }
  if (!document.hidden && clip() && isAnswered()) lookAgain();
};
document.addEventListener("visibilitychange", onLook);
const FOLLOW_MS = 5000;
let stamp = ""; // Of what this page shows; "" where that is not known.
let stamping = null;
const stampNow = async () => {
  const session = clip() ? clip().session : "";
  try {
    const answer = await fetch(mediaUrl(session, "stamp"), { cache: "no-store" });
    const now = answer.ok ? (await answer.json()).stamp : "";
    return clip() && clip().session === session ? now : "";
  } catch (problem) { return ""; }
};
// What the server has just said is what the page shows.
const noteStamp = () => {
  stamp = "";
  clearTimeout(stamping);
  stamping = setTimeout(async () => { if (clip()) stamp = await stampNow(); }, 100);
};
const isAtRest = () => !document.hidden && clip() && isAnswered() && !state.drag && !state.polygon && !state.corner;
// The progress bar follows a job by itself, and brings its result.
const isOther = (now, before) => {
  if (!document.querySelector(".sm-progress:not([hidden])")) return now !== before;
  return now.endsWith(".active") && now.split(".")[0] !== before.split(".")[0];
};
const lookForChanges = async () => {
  if (!element.isConnected) return;
  const before = stamp;
  if (isAtRest()) {
    const now = await stampNow();
    if (now && stamp === before && isAtRest()) {
      stamp = now;
      if (before && isOther(now, before)) lookAgain();
    }
  }
  setTimeout(lookForChanges, FOLLOW_MS);
};
setTimeout(lookForChanges, FOLLOW_MS);
hear("server", ({ isBack }) => { if (isBack && clip() && isAnswered()) lookAgain(); });
for (const name of ["clip", "keyframes", "targets", "result", "answered"]) watch(name, noteStamp);
noteStamp();
