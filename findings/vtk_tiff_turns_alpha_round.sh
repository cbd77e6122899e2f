#!/usr/bin/env bash
# VTK reads the alpha of an 8-bit RGBA TIFF inverted: what is opaque comes back as 0 and what is empty as 255, so that a cut-out becomes its
# own hole, without a message, from any program's TIFF and from its own. RGB TIFFs and PNG are right. What it writes is wrong in another way: the
# colour is straight, as it was given, and the file says that it is premultiplied (ExtraSamples 1). Pillow believes that and divides: (200, 100, 50)
# at half alpha is read as (255, 199, 99), a bright rim; FFmpeg doesn't. Written as JPEG, which has no alpha, the picture keeps its four
# channels, as the inks of a CMYK file, whose colours others show multiplied by alpha, as if laid on black; vtkJPEGReader gives back RGBA.
# Use vtkPNGWriter and vtkPNGReader. Seen with vtk 9.7.2, Pillow 12.0.0, imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check vtk==9.7.2 pillow==12.0.0 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkIOImage import vtkJPEGReader, vtkJPEGWriter, vtkPNGReader, vtkPNGWriter, vtkTIFFReader, vtkTIFFWriter

print("vtk", vtkVersion.GetVTKVersion())
ALPHAS = (0, 1, 64, 128, 200, 255)
cut_out = np.zeros((4, len(ALPHAS), 4), np.uint8)
cut_out[..., :3] = (200, 100, 50)
cut_out[..., 3] = ALPHAS


def write(writer, name, pixels):
    height, width, channels = pixels.shape
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels[::-1]).reshape(-1, channels), deep=True))
    writer.SetFileName(name)
    writer.SetInputData(image)
    writer.Write()


def read(reader, name):
    reader.SetFileName(name)
    reader.Update()
    width, height, _ = reader.GetOutput().GetDimensions()
    return vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars()).reshape(height, width, -1)[::-1].copy()


write(vtkTIFFWriter(), "vtk.tif", cut_out)
Image.fromarray(cut_out).save("pillow.tif")
Image.fromarray(cut_out[..., :3].copy()).save("colour.tif")
for name in ("vtk.tif", "pillow.tif"):
    seen = read(vtkTIFFReader(), name)
    print(f"  {name}: alphas {list(ALPHAS)} read as {seen[0, :, 3].tolist()}")
    assert np.array_equal(seen[..., :3], cut_out[..., :3]) and np.array_equal(seen[..., 3], 255 - cut_out[..., 3])
assert np.array_equal(read(vtkTIFFReader(), "colour.tif"), cut_out[..., :3])

half = ALPHAS.index(128)
with Image.open("vtk.tif") as image:
    samples, by_pillow = image.tag_v2[338], np.asarray(image)[0, half].tolist()
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "vtk.tif", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
raw = subprocess.run(command, check=True, capture_output=True).stdout
by_ffmpeg = np.frombuffer(raw, np.uint8).reshape(cut_out.shape)[0, half].tolist()
print("  what VTK wrote: ExtraSamples", samples, "at half alpha by Pillow", by_pillow, "by FFmpeg", by_ffmpeg)
assert samples == (1,) and by_pillow == [255, 199, 99, 128]
assert by_ffmpeg == [200, 100, 50, 128]

for alpha in (255, 128, 0):
    flat = np.full((16, 16, 4), (200, 100, 50, alpha), np.uint8)
    write(vtkJPEGWriter(), "vtk.jpg", flat)
    with Image.open("vtk.jpg") as image:
        mode, shown = image.mode, np.asarray(image.convert("RGB"))[8, 8].tolist()
    again = read(vtkJPEGReader(), "vtk.jpg")[8, 8].tolist()
    print(f"  (200, 100, 50, {alpha}) as JPEG: {mode}, shown as {shown}, by vtkJPEGReader {again}")
    assert mode == "CMYK" and np.allclose(again, flat[8, 8], atol=3)
    assert np.allclose(shown, np.array([200, 100, 50]) * alpha / 255, atol=4)
write(vtkPNGWriter(), "vtk.png", cut_out)
assert np.array_equal(read(vtkPNGReader(), "vtk.png"), cut_out)
PYTHON
