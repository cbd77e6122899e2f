// Downloads of a finished session.
const root = element.querySelector(".sm-results");
const part = (name) => root.querySelector(`[data-part=${name}]`);

// How downloads are named is this browser's choice; the server fills it in.
const NAME_KEY = "splazmatte.name";
const naming = () => part("name").value.trim();
try { part("name").value = localStorage.getItem(NAME_KEY) || ""; } catch (problem) { /* private mode */ }
part("name").addEventListener("change", () => {
  try { localStorage.setItem(NAME_KEY, naming()); } catch (problem) { /* private mode */ }
  show();
});
const url = (output) =>
  mediaUrl(props.result.session, `file/${output.kind}?v=${encodeURIComponent(props.result.version)}${output.target ? `&target=${encodeURIComponent(output.target)}` : ""}${naming() ? `&name=${encodeURIComponent(naming())}` : ""}`);

const download = (output) => make("li", {},
  make("a", {
    href: url(output), download: naming() ? true : output.file_name, class: "sm-download", "data-kind": output.kind,
  }, make("span", { "aria-hidden": "true", text: "⤓" }), make("span", { class: "sm-name", text: output.label }),
  make("span", { class: "sm-size", text: output.size })),
  make("p", { class: "sm-about", text: output.note }));

const show = () => {
  const result = props.result;
  root.hidden = !result;
  if (!result) return;
  part("title").textContent = label("downloads");
  part("name-label").textContent = label("naming");
  part("took").textContent = result.engine ? label("took", { engine: result.engine, seconds: result.seconds }) : "";
  part("files").replaceChildren(...result.outputs.map(download));
  part("notes").replaceChildren(...result.notes.map((text) => make("li", { text })));
  part("notes").hidden = !result.notes.length;
  root.dataset.version = result.version;
};
watch(["result", "texts"], show);
show();
