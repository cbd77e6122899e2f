#!/usr/bin/env bash
# A cut-out that Pillow saves as PDF has a light rim in PDFium, the viewer inside Chrome and pypdfium2. Pillow writes RGBA and LA as one JPEG 2000
# stream with the alpha inside (SMaskInData 1), which the PDF standard has for straight colour. PDFium lays the colour on white by its alpha, and then draws
# the result with the same alpha once more: over black, a haze of 7 % is four times as bright as it is to be, and half
# transparent blue of 50 is 77 instead of 27; over white, where it looks nearly right, soft edges are too thin (the alpha squared). Grey
# with alpha is opaque: the whole rectangle is shown with the colour hidden under the matte. MuPDF draws both rightly,
# and fpdf2's PDF of the same picture, with a mask of its own (SMask), is right in both. No message. Seen with Pillow 12.3.0, pypdfium2
# 5.15.2, PyMuPDF 1.27.2.3, fpdf2 2.8.9.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 pypdfium2==5.15.2 pymupdf==1.27.2.3 fpdf2==2.8.9 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import io

import fpdf
import numpy as np
import pymupdf
import pypdfium2
from PIL import Image

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("pillow", "pypdfium2", "pymupdf", "fpdf2")))
WIDTH, HEIGHT = 16, 8
COLOUR = (200, 100, 50)
alpha = np.tile(17 * np.arange(WIDTH, dtype=np.uint8), (HEIGHT, 1))


def cut_out(colour):
    """A picture of one colour whose alpha goes from 0 to 255 in steps of 17."""
    return Image.fromarray(np.dstack([np.full((HEIGHT, WIDTH), value, np.uint8) for value in colour] + [alpha]))


def by_pillow(picture):
    stored = io.BytesIO()
    picture.save(stored, "PDF")
    return stored.getvalue()


def by_fpdf2(picture):
    page = fpdf.FPDF(unit="pt", format=(WIDTH, HEIGHT))
    page.set_auto_page_break(False)
    page.set_margin(0)
    page.add_page()
    page.image(picture, 0, 0, WIDTH, HEIGHT)
    return bytes(page.output())


def in_pdfium(data, backdrop):
    """A row of RGB over a backdrop."""
    return pypdfium2.PdfDocument(data)[0].render(scale=1, fill_color=(*backdrop, 255), rev_byteorder=True).to_numpy()[4, :, :3].astype(int)


def in_mupdf(data, backdrop):
    """The same from the premultiplied picture that MuPDF hands out."""
    pixels = pymupdf.open(stream=data, filetype="pdf")[0].get_pixmap(alpha=True)
    seen = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 4)[4].astype(int)  # premultiplied
    return np.rint(seen[:, :3] + np.array(backdrop) * (1 - seen[:, 3:] / 255)).astype(int)


share = alpha[0, :, None] / 255
for colour in (COLOUR, (200,)):
    picture = cut_out(colour)
    for backdrop in ((0, 0, 0), (255, 255, 255)):
        right = np.broadcast_to(np.array(colour) * share + np.array(backdrop) * (1 - share), (WIDTH, 3))
        on_white = np.array(colour) * share + 255 * (1 - share)
        twice = np.broadcast_to(on_white * share + np.array(backdrop) * (1 - share), (WIDTH, 3))
        wrong = twice if len(colour) == 3 else np.full((WIDTH, 3), 200)
        pages = by_pillow(picture), by_fpdf2(picture)
        assert b"/SMaskInData 1" in pages[0] and b"/JPXDecode" in pages[0]
        for viewer, drawn, expected in (("PDFium", in_pdfium, wrong), ("MuPDF", in_mupdf, right)):
            seen = [drawn(page, backdrop) for page in pages]
            print(f"  {picture.mode} over {backdrop[0]}, {viewer}: {[found[[1, 4, 8, 12], -1].tolist() for found in seen]}, right {right[[1, 4, 8, 12], -1].round().astype(int).tolist()}")
            assert np.abs(seen[0] - expected).max() <= 3 and np.abs(seen[1] - right).max() <= 3
PYTHON
