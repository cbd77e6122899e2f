#!/usr/bin/env bash
# A PNG whose transparency is one key colour (tRNS without alpha: masks, line drawings, what optimisers make of hard cut-outs) loses it on
# the way into a PDF. PDFKit takes the first of the two bytes of a grey key for the value, so that with a key of 50 black becomes
# transparent and 50 is drawn: a black and white mask with any other grey as its key has holes where it says "background". The key of colour pictures it
# writes as twelve numbers where the PDF has room for six, and nothing is cut out. jsPDF, fpdf2 and ReportLab (with mask="auto" too) draw the
# key colour. pdf-lib and img2pdf cut out the right one. No message. 8-bit pictures with alpha are right in all of them.
# Convert such a picture to RGBA first. Seen with pdfkit 0.20.2, jspdf 4.2.1, pdf-lib 1.17.1, fpdf2 2.8.9, reportlab 5.1.0, img2pdf
# 0.6.3, drawn by pypdfium2 5.15.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund pdfkit@0.20.2 jspdf@4.2.1 pdf-lib@1.17.1
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 pypdfium2==5.15.2 fpdf2==2.8.9 reportlab==5.1.0 img2pdf==0.6.3 numpy==2.2.6
cat > write.mjs <<'NODE'
import { once } from "node:events";
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { jsPDF } from "jspdf";
import { PDFDocument } from "pdf-lib";
import PDFKit from "pdfkit";

const [width, height] = [16, 8];
for (const name of process.argv.slice(2)) {
  const picture = readFileSync(`${name}.png`);
  const kit = new PDFKit({ size: [width, height], margin: 0 });
  const stored = createWriteStream(`PDFKit ${name}.pdf`);
  kit.pipe(stored);
  kit.image(picture, 0, 0, { width, height });
  kit.end();
  await once(stored, "finish");
  const library = await PDFDocument.create();
  library.addPage([width, height]).drawImage(await library.embedPng(picture), { x: 0, y: 0, width, height });
  writeFileSync(`pdf-lib ${name}.pdf`, await library.save());
  const page = new jsPDF({ unit: "pt", format: [width, height], orientation: "l" });
  page.addImage(new Uint8Array(picture), "PNG", 0, 0, width, height);
  writeFileSync(`jsPDF ${name}.pdf`, Buffer.from(page.output("arraybuffer")));
}
NODE
cat > seen.py <<'PYTHON'
import importlib.metadata
import subprocess
from pathlib import Path

import fpdf
import img2pdf
import numpy as np
import pypdfium2
from PIL import Image
from reportlab.pdfgen import canvas

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("fpdf2", "reportlab", "img2pdf", "pypdfium2")))
WIDTH, HEIGHT = 16, 8
BACKDROP = (0, 255, 255)
levels = np.tile(10 * np.arange(WIDTH, dtype=np.uint8), (HEIGHT, 1))  # 0, 10, ..., 150; the key is 50, at place 5
colour = np.dstack([levels, np.full_like(levels, 100), np.full_like(levels, 50)])
Image.fromarray(levels).save("grey.png", transparency=50)
Image.fromarray(colour).save("colour.png", transparency=(50, 100, 50))
Image.open("colour.png").convert("RGBA").save("alpha.png")
NAMES = ("grey", "colour", "alpha")
for name, mode in zip(NAMES, ("L", "RGB", "RGBA"), strict=True):
    assert Image.open(f"{name}.png").mode == mode
    assert np.flatnonzero(np.asarray(Image.open(f"{name}.png").convert("RGBA"))[4, :, 3] == 0).tolist() == [5]
    page = fpdf.FPDF(unit="pt", format=(WIDTH, HEIGHT))
    page.set_auto_page_break(False)
    page.set_margin(0)
    page.add_page()
    page.image(f"{name}.png", 0, 0, WIDTH, HEIGHT)
    page.output(f"fpdf2 {name}.pdf")
    drawing = canvas.Canvas(f"ReportLab {name}.pdf", pagesize=(WIDTH, HEIGHT))
    drawing.drawImage(f"{name}.png", 0, 0, WIDTH, HEIGHT, mask="auto")
    drawing.save()
    layout = img2pdf.get_layout_fun((WIDTH, HEIGHT))
    Path(f"img2pdf {name}.pdf").write_bytes(img2pdf.convert(f"{name}.png", layout_fun=layout))
subprocess.run(["node", "write.mjs", *NAMES], check=True)


def cut_out(name):
    """The places whose backdrop is seen."""
    row = pypdfium2.PdfDocument(f"{name}.pdf")[0].render(scale=1, fill_color=(*BACKDROP, 255), rev_byteorder=True).to_numpy()[4, :, :3]
    return np.flatnonzero((row == BACKDROP).all(axis=-1)).tolist()


for writer, expected in (
    ("PDFKit", [[0], [], [5]]),
    ("jsPDF", [[], [], [5]]),
    ("fpdf2", [[], [], [5]]),
    ("ReportLab", [[], [], [5]]),
    ("pdf-lib", [[5], [5], [5]]),
    ("img2pdf", [[5], [5], [5]]),
):
    found = [cut_out(f"{writer} {name}") for name in NAMES]
    print(f"  {writer}: cut out of grey {found[0]}, of colour {found[1]}, with alpha {found[2]}; right [5]")
    assert found == expected, writer
PYTHON
env/bin/python -W ignore seen.py
