#!/usr/bin/env bash
# Blender's compositor has five keyers that multiply a picture's colour and alpha by the alpha which they have just found, and start from
# the picture's own alpha: Color Key, Chroma Key, Difference Key, Distance Key and Channel Key. A cut-out (a matte, a render with hair) in
# which they find nothing to take away comes back with its soft edges squared: alpha 0.5 is 0.25, with two of them in a row 0.0625.
# Straight colour stays right, opaque and empty pixels are the same, so the loss shows as hair that gets thinner. The Matte output of the
# same nodes is right (0.5). The Keying node keeps alpha as it was. No message. Key before the matte goes in. Seen with Blender 4.5.15 as
# bpy; needs Python 3.11 and downloads some 400 MB.
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

SIZE = 16
alpha = np.tile(np.arange(SIZE, dtype=np.float32) / (SIZE - 1), (SIZE, 1))
cut_out = np.dstack([alpha * level for level in (0.6, 0.3, 0.1, 1)]).astype(np.float32)
OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGBA": cut_out}).write("cut_out.exr")
scene = bpy.context.scene
scene.render.resolution_x = scene.render.resolution_y = SIZE
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "OPEN_EXR"
scene.render.image_settings.color_mode = "RGBA"
scene.render.image_settings.color_depth = "32"
scene.use_nodes = True
tree = scene.node_tree
picture = bpy.data.images.load(str(pathlib.Path("cut_out.exr").resolve()))
assert picture.alpha_mode == "PREMUL"


def through(*nodes, output=0):
    """Send the cut-out through nodes of these names and read back what is rendered."""
    tree.nodes.clear()
    source = tree.nodes.new("CompositorNodeImage")
    source.image = picture
    socket = source.outputs["Image"]
    for name in nodes:
        node = tree.nodes.new(f"CompositorNode{name}")
        if "Key Color" in node.inputs:
            node.inputs["Key Color"].default_value = (0, 1, 0, 1)
        if name == "DiffMatte":
            node.inputs["Image 2"].default_value = (0, 1, 0, 1)
        tree.links.new(socket, next(entry for entry in node.inputs if entry.name in ("Image", "Image 1")))
        socket = node.outputs[output]
    tree.links.new(socket, tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    scene.render.filepath = str(pathlib.Path("rendered.exr").resolve())
    bpy.ops.render.render(write_still=True)
    return OpenEXR.File("rendered.exr").channels()["RGBA"].pixels


print("Blender", bpy.app.version_string)
assert np.array_equal(through(), cut_out) and np.allclose(through("Keying"), cut_out, atol=1e-6)
for name in ("ColorMatte", "ChromaMatte", "DiffMatte", "DistanceMatte", "ChannelMatte"):
    once, twice, matte = through(name), through(name, name), through(name, output=1)
    print(f"{name}: alpha {alpha[8, 8]:.3f} is {once[8, 8, 3]:.3f}, after two {twice[8, 8, 3]:.3f}, as Matte {matte[8, 8, 0]:.3f}")
    assert np.allclose(once, cut_out * alpha[..., None], atol=1e-5)
    assert np.allclose(twice[..., 3], alpha**4, atol=1e-5) and np.allclose(matte[..., 0], alpha, atol=1e-5)
PYTHON
env/bin/python seen.py | grep -v "^Fra:\|^Saved:\| Time: \|^Time: \|^$"
