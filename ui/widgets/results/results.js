// Downloads of a finished session.
const root = element.querySelector(".sm-results");
const part = (name) => root.querySelector(`[data-part=${name}]`);

// How downloads are named is this browser's choice; the server fills it in.
const NAME_KEY = "splazmatte.name";
let pattern = "";
try { pattern = localStorage.getItem(NAME_KEY) || ""; } catch (problem) { /* private mode */ }
part("name").value = pattern;
const naming = () => pattern;
// Words of any script, as the server reads them: a download with one that it does not know would be refused.
const isUsable = (text) => [...text.matchAll(/\{([\p{L}\p{N}_]*)\}/gu)].every(([, word]) => props.name_parts.includes(word));
const showProblem = () => {
  const isWrong = !isUsable(part("name").value);
  part("name").setAttribute("aria-invalid", String(isWrong));
  part("name-problem").textContent = isWrong ? label("naming_unusable", { known: props.name_parts.map((word) => `{${word}}`).join(" ") }) : "";
};
part("name").addEventListener("change", () => {
  showProblem();
  if (!isUsable(part("name").value)) return;
  pattern = part("name").value.trim();
  try { localStorage.setItem(NAME_KEY, pattern); } catch (problem) { /* private mode */ }
  show();
});
const url = (output) =>
  mediaUrl(props.result.session, `file/${output.kind}?v=${encodeURIComponent(props.result.version)}${output.target ? `&target=${encodeURIComponent(output.target)}` : ""}${naming() ? `&name=${encodeURIComponent(naming())}` : ""}`);

const download = (output) => make("li", {},
  make("a", {
    href: url(output), download: naming() ? true : output.file_name, class: "sm-download", "data-kind": output.kind,
  }, make("span", { "aria-hidden": "true", text: "⤓" }), make("span", { class: "sm-name", text: output.label }),
  make("span", { class: "sm-size", text: output.size })),
  // What a format is for stands once, beside the file of all targets.
  output.target ? null : make("p", { class: "sm-about", text: output.note }));

// Earlier results: compared in the viewer, taken back, or deleted, which a second press confirms.
const small = (version, name, text, onclick = null) =>
  nameFor(make("button", { type: "button", class: "sm-button sm-small", "data-part": name, onclick }), text, version.label);
const deleting = (version) => askingTwice(
  small(version, "version-delete", label("version_delete")), version.label, label("version_delete_sure"), () => trigger("discard", { version: version.version }));
const versionLine = (version) => make("li", { "data-version": version.version },
  make("span", { class: "sm-version-name", text: version.label }),
  version.is_current ? make("span", { class: "sm-tag", text: label("version_current") }) : null,
  make("span", { class: "sm-hint", text: [shownDate(version.made_at_s), version.engine_label, version.size].filter(Boolean).join(" · ") }),
  version.changes ? make("span", { class: "sm-version-changes", "data-part": "changes", text: version.changes }) : null,
  version.is_current ? null : make("span", { class: "sm-group" },
    small(version, "version-compare", label("version_compare"), () => tell("compare", { version: version.version })),
    small(version, "version-take", label("version_take"), () => trigger("take", { version: version.version })),
    deleting(version)));
const showVersions = (versions) => {
  part("versions-row").hidden = versions.length < 2;
  part("versions-title").textContent = label("versions");
  part("versions-hint").textContent = label("versions_hint");
  part("versions").replaceChildren(...versions.map(versionLine));
};

const show = () => {
  const result = props.result;
  root.hidden = !result;
  if (!result) return;
  part("title").textContent = label("downloads");
  part("name-label").textContent = label("naming");
  showProblem();
  part("took").textContent = result.took;
  part("files").replaceChildren(...result.outputs.map(download));
  part("notes").replaceChildren(...result.notes.map((text) => make("li", { text })));
  part("notes").hidden = !result.notes.length;
  part("together").hidden = result.outputs.length < 2;
  part("together").textContent = label("together");
  part("together").href = mediaUrl(result.session, `all.zip?v=${encodeURIComponent(result.version)}${naming() ? `&name=${encodeURIComponent(naming())}` : ""}`);
  showVersions(result.versions);
  root.dataset.version = result.version;
};
watch(["result", "texts"], show);
show();
