// Files that were dropped, pasted or chosen are sent one by one; each clip becomes a session, and each sequence of pictures.
let uploadOptions = {}; // As `UploadSteps.clips` takes them.
hear("upload-options", (options) => { uploadOptions = options; });
let onItsWay = null; // The request of the file being sent.
let isStopped = false;
const sendOne = (file, onShare) => new Promise((resolve) => {
  if (file.size > props.largest_bytes) {
    resolve({ path: null, name: file.name, error: label("oversize", { limit: props.largest }) });
    return;
  }
  const request = new XMLHttpRequest();
  onItsWay = request;
  const form = new FormData();
  form.append("files", file);
  request.open("POST", "gradio_api/upload");
  request.setRequestHeader("Accept-Language", document.documentElement.lang || "en");
  request.upload.onprogress = (event) => { if (event.lengthComputable) onShare(event.loaded / event.total); };
  request.onloadend = () => {
    let answer = null;
    try { answer = JSON.parse(request.responseText); } catch (problem) { answer = null; }
    if (request.status === 200 && Array.isArray(answer)) resolve({ path: answer[0] });
    else resolve({ path: null, name: file.name, error: (answer && answer.error) || label("unsent") });
  };
  request.send(form);
});
// Until the page has been answered once its language isn't known, and a clip would be answered in another one.
const READY_WITHIN_MS = 10000;
const pageIsReady = async () => {
  const last = Date.now() + READY_WITHIN_MS;
  while (!document.body.dataset.ready && Date.now() < last) await new Promise((resolve) => setTimeout(resolve, 50));
};
// The server reads a whole clip before it answers: until then the page says so, and others may be added.
let checks = 0;
const showChecks = (change) => {
  checks = Math.max(0, checks + change);
  root.classList.toggle("sm-checking", checks > 0);
  if (change > 0) { part("sent").textContent = label("checking"); tell("say", { kind: "step", text: label("checking") }); }
};
part("stop-sending").onclick = () => { isStopped = true; if (onItsWay) onItsWay.abort(); };
const sendFiles = async (files) => {
  if (!files.length) return;
  if (root.classList.contains("sm-sending")) { tell("say", { kind: "error", text: label("sending_already") }); return; }
  root.classList.add("sm-sending");
  isStopped = false;
  tell("say", { kind: "step", text: label("sending") });
  const sent = [];
  for (const [index, file] of files.entries()) {
    if (isStopped) break;
    const at = files.length > 1 ? ` · ${index + 1} / ${files.length}` : "";
    part("sent").textContent = label("sending") + at;
    const one = await sendOne(file, (share) => { part("sent").textContent = `${label("sending")} ${Math.round(100 * share)} %${at}`; });
    if (one.path || !isStopped) sent.push(one);
  }
  await pageIsReady();
  root.classList.remove("sm-sending");
  if (isStopped) tell("say", { kind: "step", text: label("sending_stopped") });
  if (!sent.length) return;
  showChecks(1);
  trigger("clips", { files: sent, ...uploadOptions });
};
const endsIn = (file, suffixes) => suffixes.includes(file.name.split(".").pop().toLowerCase());
// Of a folder its clips are taken, where it has none its numbered pictures; a file that was chosen by itself is taken or named.
const ofFolder = (files) => {
  const shown = files.filter((file) => !file.name.startsWith("."));
  const clips = shown.filter((file) => endsIn(file, props.formats || []));
  return clips.length ? clips : shown.filter((file) => endsIn(file, props.pictures || []) && /\d\D*\.[^.]*$/.test(file.name));
};
const filesOf = async (entry) => {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    for (const child of some) found.push(...await filesOf(child));
  }
  return found;
};
const dropped = async (carrier) => {
  const entries = [...carrier.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
  if (!entries.some((entry) => entry && entry.isDirectory)) return [...carrier.files];
  const lists = await Promise.all(entries.filter(Boolean).map(async (entry) => entry.isDirectory ? ofFolder(await filesOf(entry)) : filesOf(entry)));
  return lists.flat();
};
stage.addEventListener("dragover", (event) => { event.preventDefault(); stage.classList.add("sm-dropping"); });
stage.addEventListener("dragleave", () => stage.classList.remove("sm-dropping"));
stage.addEventListener("drop", async (event) => {
  event.preventDefault();
  stage.classList.remove("sm-dropping");
  if (event.dataTransfer) sendFiles(await dropped(event.dataTransfer));
});
part("drop").onclick = () => part("files").click();
part("files").addEventListener("change", () => {
  const files = [...part("files").files];
  part("files").value = "";
  sendFiles(files);
});
hear("unanswered", () => showChecks(-checks));
hear("files", ({ files, isFolder }) => {
  const clips = isFolder ? ofFolder(files) : files;
  if (clips.length) sendFiles(clips);
  else tell("say", { kind: "error", text: label("no_clips") });
});
// A picture or text in the clipboard is left to whoever wants it.
const onPaste = (event) => {
  if (!element.isConnected) { document.removeEventListener("paste", onPaste); return; }
  const clips = [...(event.clipboardData ? event.clipboardData.files : [])].filter((file) => file.type.startsWith("video/"));
  if (clips.length) { event.preventDefault(); sendFiles(clips); }
};
document.addEventListener("paste", onPaste);
