// What another page does with the clip is shown here: when this one is looked at again, and while it is looked at.
const lookAgain = () => trigger("refresh", { made: result() ? result().made : "" });
const onLook = () => {
  if (!element.isConnected) { document.removeEventListener("visibilitychange", onLook); return; }
  if (!document.hidden && clip() && isAnswered()) lookAgain();
};
document.addEventListener("visibilitychange", onLook);
const FOLLOW_MS = 5000;
let asked = ""; // The stamp after which the server was asked last: what it does not show then is not asked for again.
const stampNow = async () => {
  const session = clip() ? clip().session : "";
  try {
    const answer = await fetch(mediaUrl(session, "stamp"), { cache: "no-store" });
    const now = answer.ok ? (await answer.json()).stamp : "";
    return clip() && clip().session === session ? now : "";
  } catch (problem) { return ""; }
};
const isAtRest = () => !document.hidden && clip() && isAnswered() && !state.drag && !state.polygon && !state.corner;
// What is shown is what the server's answers said: a change between two of them is not taken for shown.
const isOther = (now) => {
  const [marks, result, job] = now.split(".");
  if (marks !== props.shown_marks) return true;
  // The progress bar follows a job by itself, and brings its result.
  const isFollowed = Boolean(document.querySelector(".sm-progress:not([hidden])"));
  return !isFollowed && (result !== props.shown_result || job !== props.shown_job);
};
const lookForChanges = async () => {
  if (!element.isConnected) return;
  if (isAtRest()) {
    const now = await stampNow();
    if (now && now !== asked && isAtRest() && isOther(now)) {
      asked = now;
      lookAgain();
    }
  }
  setTimeout(lookForChanges, FOLLOW_MS);
};
setTimeout(lookForChanges, FOLLOW_MS);
hear("server", ({ isBack }) => { if (isBack && clip() && isAnswered()) lookAgain(); });
