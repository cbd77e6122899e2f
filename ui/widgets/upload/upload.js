// Upload by buttons: clips or a whole folder; the stage takes them from here, as it takes what is dropped on it.
// What may be uploaded, and how, is folded once there is a clip, so that marks and downloads come into view.
const root = element.querySelector(".sm-upload");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const show = () => {
  part("choose").textContent = label("choose");
  part("folder").textContent = label("folder");
  root.querySelector("summary").textContent = label("options");
  part("limits").textContent = props.limits || "";
  part("rate-label").textContent = label("rate");
  part("hold-label").textContent = label("hold");
  part("alpha-label").textContent = label("alpha");
  for (const choice of part("alpha").options) choice.textContent = label(`alpha_${choice.value}`);
  part("files").accept = (props.formats || []).map((name) => `.${name}`).join(",");
  for (const name of ["files", "directory"]) part(name).setAttribute("aria-label", label(name === "files" ? "choose" : "folder"));
};
const tellOptions = () => tell("upload-options", { fps: part("rate").value, hold_missing: part("hold").checked, alpha_mode: part("alpha").value });
part("rate").oninput = tellOptions;
part("alpha").onchange = tellOptions;
part("hold").onchange = tellOptions;
part("choose").onclick = () => part("files").click();
part("folder").onclick = () => part("directory").click();
for (const name of ["files", "directory"]) {
  part(name).addEventListener("change", () => {
    const files = [...part(name).files];
    part(name).value = ""; // Ready for the next, also where these are refused.
    tell("files", { files, isFolder: name === "directory" });
  });
}
let clip = "";
const fold = () => {
  if (props.clip !== clip) root.querySelector("details").open = !props.clip;
  clip = props.clip;
};
watch(["texts", "limits"], show);
watch("clip", fold);
show();
fold();
