#!/usr/bin/env bash
# MoviePy's MirrorX and MirrorY ("and its mask too, by default") flip a still cut-out and leave its mask as it was: the foreground stands on the other
# side and the hole in the backdrop where it had been, so that a picture of an arm shows hidden colour, or nothing. It is so for every
# ImageClip, which is what a PNG with alpha, a title and a frame taken with to_ImageClip are; a video clip with the same picture is flipped whole.
# The default is the text "mask", and stills go through its letters one by one, looking for attributes m, a, s and k;
# MirrorX(apply_to=["mask"]) is right. SuperSample, the motion blur, mixes the colours of several moments and takes the mask of one: the blur ends
# at a hard edge. No message. Seen with moviepy 2.1.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check moviepy==2.1.2 pillow==10.4.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from moviepy import ColorClip, CompositeVideoClip, ImageClip, VideoClip, vfx
from PIL import Image

print("moviepy", importlib.metadata.version("moviepy"))
SIZE = 8
BACKDROP = (0, 0, 255)

# The upper left corner is opaque; the colour goes on under it all.
pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
pixels[..., 0] = 20 * np.arange(1, SIZE + 1)
pixels[..., 1] = 20 * np.arange(1, SIZE + 1)[:, None]
pixels[:3, :3, 3] = 255
Image.fromarray(pixels).save("cut-out.png")


def still():
    return ImageClip("cut-out.png", transparent=True, duration=1).with_fps(10)


def video():
    mask = VideoClip(lambda time: pixels[..., 3] / 255, is_mask=True, duration=1).with_fps(10)
    return VideoClip(lambda time: pixels[..., :3], duration=1).with_fps(10).with_mask(mask)


def flipped(axis):
    return np.flip(pixels, axis)


for name, effect, axis in (("MirrorX", vfx.MirrorX, 1), ("MirrorY", vfx.MirrorY, 0)):
    for kind, clip, settings, follows in (
        ("a still", still(), {}, False),
        ("a still from a video", video().to_ImageClip(0.5, duration=1), {}, False),
        ('a still, apply_to=["mask"]', still(), {"apply_to": ["mask"]}, True),
        ("a video", video(), {}, True),
    ):
        assert np.array_equal(np.rint(255 * clip.mask.get_frame(0)), pixels[..., 3])
        mirrored = clip.with_effects([effect(**settings)])
        assert np.array_equal(mirrored.get_frame(0.5), flipped(axis)[..., :3])
        alpha = np.rint(255 * mirrored.mask.get_frame(0.5))
        backdrop = ColorClip((SIZE, SIZE), color=BACKDROP, duration=1).with_fps(10)
        shown = CompositeVideoClip([backdrop, mirrored]).get_frame(0.5)
        rows, columns = np.nonzero((shown != BACKDROP).any(axis=-1))
        print(f"  {name} of {kind}: the foreground is seen in rows {rows.min()} to {rows.max()}, columns {columns.min()} to {columns.max()}")
        assert np.array_equal(alpha, flipped(axis)[..., 3] if follows else pixels[..., 3])
        right = flipped(axis) if follows else np.dstack([flipped(axis)[..., :3], pixels[..., 3]])
        assert np.array_equal(shown, np.where(right[..., 3:] == 255, right[..., :3], BACKDROP))


def moving(time):
    """A white column that goes one place to the right in a tenth of a second."""
    frame = np.zeros((SIZE, SIZE, 3), np.uint8)
    frame[:, round(10 * time) % SIZE] = 255
    return frame


clip = VideoClip(moving, duration=1).with_fps(10).with_mask(VideoClip(lambda time: moving(time)[..., 0] / 255, is_mask=True, duration=1).with_fps(10))
blurred = clip.with_effects([vfx.SuperSample(0.1, 3)])
colour, alpha = blurred.get_frame(0.4)[0, :, 0].tolist(), np.rint(255 * blurred.mask.get_frame(0.4))[0].tolist()
print("  SuperSample of a column in motion: colour", colour, "alpha", alpha)
assert sum(level > 0 for level in colour) > 1 and sum(level > 0 for level in alpha) == 1
PYTHON
