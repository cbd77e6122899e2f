#!/usr/bin/env bash
# Four nodes of Blender's compositor do to alpha what their names don't say. Lens Distortion, with any distortion or dispersion, makes a
# cut-out opaque: alpha is 1 everywhere and the surroundings are black, so that Alpha Over hides the plate; at 0 it passes alpha through.
# Inpaint, which fills what is missing, takes all that is not wholly opaque for missing: within its distance soft edges and hair become
# opaque. Filter's Sharpen gives a hair one pixel wide alpha 7, and Alpha Over lays it down seven times as bright: 4.2 where it was 0.6.
# Translate by one whole pixel with bicubic interpolation blurs (it is a B-spline): the hair is 0.17, 0.67, 0.17 wide, where nearest and
# bilinear keep it; a shift of 0 keeps it too. No message. Seen with Blender 4.5.15 as bpy; needs Python 3.11 and downloads some 400 MB.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "not Python 3.11: nothing seen"; exit 0; }
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check bpy==4.5.15 OpenEXR==3.5.3 numpy==1.26.4
cat > seen.py <<'PYTHON'
import pathlib

import bpy
import numpy as np
import OpenEXR

SIZE = 32
rows, columns = np.mgrid[:SIZE, :SIZE]
alpha = np.clip(10 - np.hypot(rows - 15.5, columns - 15.5), 0, 4) / 4
hair = (columns == 8).astype(np.float64)
scene = bpy.context.scene
scene.render.resolution_x = scene.render.resolution_y = SIZE
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "OPEN_EXR"
scene.render.image_settings.color_mode = "RGBA"
scene.render.image_settings.color_depth = "32"
scene.use_nodes = True
tree = scene.node_tree
pictures = {}
for name, matte in (("disc", alpha), ("hair", hair)):
    pixels = np.dstack([matte * level for level in (0.6, 0.3, 0.1, 1)]).astype(np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGBA": pixels}).write(f"{name}.exr")
    pictures[name] = bpy.data.images.load(str(pathlib.Path(f"{name}.exr").resolve()))


def through(name, kind=None, over_white=False, inputs=(), **settings):
    """Send a picture through a node, perhaps lay it over white, and read back what is rendered."""
    tree.nodes.clear()
    source = tree.nodes.new("CompositorNodeImage")
    source.image = pictures[name]
    socket = source.outputs["Image"]
    if kind:
        node = tree.nodes.new(f"CompositorNode{kind}")
        for entry, value in inputs:
            node.inputs[entry].default_value = value
        for setting, value in settings.items():
            setattr(node, setting, value)
        tree.links.new(socket, node.inputs["Image"])
        socket = node.outputs[0]
    if over_white:
        over = tree.nodes.new("CompositorNodeAlphaOver")
        over.inputs[1].default_value = (1, 1, 1, 1)
        tree.links.new(socket, over.inputs[2])
        socket = over.outputs[0]
    tree.links.new(socket, tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    scene.render.filepath = str(pathlib.Path("rendered.exr").resolve())
    bpy.ops.render.render(write_still=True)
    return OpenEXR.File("rendered.exr").channels()["RGBA"].pixels


print("Blender", bpy.app.version_string)
assert np.allclose(through("disc")[..., 3], alpha) and alpha[0, 0] == 0
for entry, value, least in (("Distortion", 0.0, 0), ("Distortion", 0.05, 1), ("Dispersion", 0.05, 1)):
    seen = through("disc", "Lensdist", inputs=[(entry, value)])
    print(f"Lens Distortion, {entry} {value}: alpha {seen[..., 3].min():.2f} to {seen[..., 3].max():.2f}, corner {seen[0, 0].tolist()}")
    assert seen[..., 3].min() == least and not seen[0, 0, :3].any()
seen = through("disc", "Inpaint", inputs=[("Size", 4)])
soft = (alpha > 0) & (alpha < 1)
print("Inpaint by 4:", int(soft.sum()), "soft pixels,", int((soft & (seen[..., 3] > 0.999)).sum()), "of them opaque now")
assert (soft & (seen[..., 3] > 0.999)).sum() > 150
seen = through("hair", "Filter", filter_type="SHARPEN")
over = through("hair", "Filter", over_white=True, filter_type="SHARPEN")
print(f"Sharpen: alpha of the hair {seen[15, 8, 3]:.2f}, over white {over[15, 8].round(2).tolist()}")
assert seen[15, 8, 3] > 6.9 and over[15, 8, 0] > 4.1
for kind in ("NEAREST", "BILINEAR", "BICUBIC"):
    for shift in (0.0, 1.0):
        seen = through("hair", "Translate", inputs=[("X", shift)], interpolation=kind)[15, 7:11, 3]
        print(f"Translate by {shift}, {kind.lower()}: alpha {seen.round(3).tolist()}")
        sharp = np.roll([0, 1, 0, 0], int(shift))
        assert np.allclose(seen, sharp, atol=1e-3) == (kind != "BICUBIC" or not shift)
PYTHON
env/bin/python seen.py | grep -v "^Fra:\|^Saved:\| Time: \|^Time: \|^$"
