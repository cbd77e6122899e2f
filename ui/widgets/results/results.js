// Players and downloads of a finished session.
const root = element.querySelector(".sm-results");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const PLAYED = ["alpha", "foreground", "preview"];

const url = (output, isInline) =>
  mediaUrl(props.result.session, `file/${output.kind}?v=${encodeURIComponent(props.result.version)}${output.target ? `&target=${encodeURIComponent(output.target)}` : ""}${isInline ? "&inline=1" : ""}`);

const player = (output) => make("figure", {},
  make("figcaption", { text: label(output.kind) }),
  make("video", {
    src: `${url(output, true)}#t=0.001`, controls: true, preload: "metadata", playsinline: true, loop: true, muted: true,
    "aria-label": label(output.kind),
  }));

const download = (output) => make("li", {},
  make("a", {
    href: url(output, false), download: output.file_name, class: "sm-download", "data-kind": output.kind,
  }, make("span", { "aria-hidden": "true", text: "⤓" }), make("span", { class: "sm-name", text: output.label }),
  make("span", { class: "sm-size", text: output.size })),
  make("p", { class: "sm-about", text: output.note }));

const show = () => {
  const result = props.result;
  root.hidden = !result;
  if (!result) { part("players").replaceChildren(); return; }
  part("title").textContent = label("title");
  part("took").textContent = result.engine ? label("took", { engine: result.engine, seconds: result.seconds }) : "";
  part("downloads-title").textContent = label("downloads");
  const played = result.outputs.filter((output) => PLAYED.includes(output.kind) && !output.target);
  part("players").replaceChildren(...played.map(player));
  part("files").replaceChildren(...result.outputs.map(download));
  part("notes").replaceChildren(...result.notes.map((text) => make("li", { text })));
  part("notes").hidden = !result.notes.length;
  root.dataset.version = result.version;
};
watch(["result", "texts"], show);
show();
