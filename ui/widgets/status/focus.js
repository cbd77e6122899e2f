// Where the keyboard goes on when the control that it was on is disabled, hidden or removed: the browser drops it to the page.
const LOOK_MS = 150;
const FOCUSABLE = "button, a[href], input, select, textarea, summary";
let isByKey = false;
let lost = null; // The control that had the focus last, and where it was: [ancestor, place among its children] from the inside out.
const isShown = (node) => node.isConnected && (node.checkVisibility ? node.checkVisibility({ visibilityProperty: true }) : node.offsetParent !== null);
const isUsable = (node) => isShown(node) && !node.disabled;
const usableIn = (node) => [node, ...node.querySelectorAll(FOCUSABLE)].filter((one) => one.matches(FOCUSABLE) && isUsable(one));
const onFocus = (event) => {
  const places = [];
  for (let node = event.target; node.parentElement; node = node.parentElement) places.push([node.parentElement, [...node.parentElement.children].indexOf(node)]);
  lost = { node: event.target, part: event.target.dataset.part, places };
};
// The same control of the line that took the place, the next one after it, or the last one before it.
const nearest = ({ part: name, places }) => {
  for (const [ancestor, index] of places) {
    if (ancestor === document.body) return null;
    if (!isShown(ancestor)) continue;
    const lines = [...ancestor.children];
    const following = lines.slice(index).flatMap(usableIn);
    const before = lines.slice(0, index).flatMap(usableIn).reverse();
    const isSame = (one) => name && one.dataset.part === name;
    const found = following.find(isSame) || following[0] || before.find(isSame) || before[0];
    if (found) return found;
  }
  return null;
};
// What starts a job leads to its progress, and that to the files, or back to the start.
const nextPlace = (from) => {
  const progress = document.querySelector(".sm-progress");
  const isOfJob = from.node.closest(".sm-progress");
  if (isOfJob || from.node.closest("#sm-start, #sm-edges")) {
    if (progress && isShown(progress)) return progress;
    if (!isOfJob && from.node.closest("#sm-edges")) return nearest(from);
    const isDone = document.querySelector(".sm-status")?.dataset.kind === "done";
    const ends = [isDone ? ".sm-results a[href]" : "", "#sm-start"].filter(Boolean).map((one) => document.querySelector(one));
    return ends.find((one) => one && isUsable(one)) || null;
  }
  return nearest(from);
};
const onKeyOrPointer = (event) => {
  isByKey = event.type === "keydown";
  if (!isByKey) lost = null;
};
const lookForFocus = () => {
  if (!element.isConnected) {
    for (const [name, handler] of FOCUS_EVENTS) document.removeEventListener(name, handler, true);
    return;
  }
  // The stage takes the focus itself when a clip has come.
  const isGone = lost && isByKey && document.activeElement === document.body && !isUsable(lost.node) && !lost.node.matches("[data-part=drop], [data-part=stop-sending]");
  if (isGone) nextPlace(lost)?.focus();
  setTimeout(lookForFocus, LOOK_MS);
};
const FOCUS_EVENTS = [["focusin", onFocus], ["keydown", onKeyOrPointer], ["pointerdown", onKeyOrPointer]];
for (const [name, handler] of FOCUS_EVENTS) document.addEventListener(name, handler, true);
setTimeout(lookForFocus, LOOK_MS);
