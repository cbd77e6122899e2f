#!/usr/bin/env bash
# MaskFormer's and Mask2Former's processors in transformers pad the pictures of a batch to one size and forget the padding
# afterwards: post_process_semantic_, _instance_ and _panoptic_segmentation scale the whole padded answer to target_sizes, so that
# of a wide and a tall picture in one batch both get squeezed masks (a subject of 320 x 128 pixels is 320 x 64, one of 160 x 256 is
# 80 x 256) although target_sizes are right and pixel_mask says where the pictures end. A picture alone, or among its equals, is right, and
# a test with one picture passes. Their instance masks are cut to 0 and 1 before they are enlarged, with nearest: an edge in a picture of
# 1920 x 1080 moves in steps of 5 pixels with Mask2Former, which makes 384 x 384 of any picture, in the semantic map it is smooth. Do one
# size of picture at a time. Seen with transformers 5.23.0, PyTorch 2.13.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check transformers==5.23.0 torch==2.13.0 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON' 2> messages
from types import SimpleNamespace

import torch
import transformers
from PIL import Image

print("transformers", transformers.__version__)


def network(size_hw, boxes):
    """What a faultless network says at a quarter of its input's size: one query for the subject, one for the rest."""
    masks = torch.full((len(boxes), 2, *size_hw), -20.0)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[0, top:bottom, left:right] = 20
    masks[:, 1] = -masks[:, 0]
    classes = torch.full((len(boxes), 2, 3), -10.0)
    classes[:, 0, 1] = classes[:, 1, 0] = 10
    masks = torch.nn.functional.interpolate(masks, scale_factor=0.25, mode="area")
    return SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks)


def subject_boxes(processor, way, answer, sizes_hw):
    found = []
    for seen in getattr(processor, f"post_process_{way}_segmentation")(answer, target_sizes=sizes_hw):
        if way == "semantic":
            subject = seen == 1
        else:
            (number,) = (part["id"] for part in seen["segments_info"] if part["label_id"] == 1)
            subject = seen["segmentation"] == number
        rows, columns = torch.where(subject)
        found.append((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    return found


wide, tall = Image.new("RGB", (640, 256)), Image.new("RGB", (320, 512))
truth = {"wide": (160, 64, 480, 192), "tall": (80, 128, 240, 384)}
for name in ("MaskFormer", "Mask2Former"):
    processor = getattr(transformers, f"{name}ImageProcessorPil")(do_resize=False)
    for way in ("semantic", "instance", "panoptic"):
        for together, pictures in ((True, {"wide": wide, "tall": tall}), (False, {"wide": wide}), (False, {"tall": tall})):
            given = processor(images=list(pictures.values()), return_tensors="pt")
            size_hw = given["pixel_values"].shape[2:]
            assert size_hw == ((512, 640) if together else next(iter(pictures.values())).size[::-1])
            assert [int(mask.sum()) for mask in given["pixel_mask"]] == [picture.width * picture.height for picture in pictures.values()]
            boxes = [truth[key] for key in pictures]
            seen = subject_boxes(processor, way, network(size_hw, boxes), [picture.size[::-1] for picture in pictures.values()])
            print(f"{name}, {way}, {' and '.join(pictures)}: {seen} instead of {boxes}")
            off = max(abs(a - b) for one, other in zip(seen, boxes, strict=True) for a, b in zip(one, other, strict=True))
            if together:
                assert seen == [(160, 32, 480, 96), (40, 128, 120, 384)]
            else:
                assert off <= 2

rows, columns = torch.meshgrid(torch.arange(270), torch.arange(480), indexing="ij")
slope = (columns - 120 - rows * 0.5).clamp(-20, 20).float() * 4 + 0.01
answer = network((1080, 1920), [(0, 0, 1, 1)])
answer.masks_queries_logits = torch.stack([slope, -slope])[None]
for name, step in (("MaskFormer", 4), ("Mask2Former", 5)):
    processor = getattr(transformers, f"{name}ImageProcessorPil")()
    for way in ("semantic", "instance"):
        seen = getattr(processor, f"post_process_{way}_segmentation")(answer, target_sizes=[(1080, 1920)])[0]
        if way == "semantic":
            subject = seen == 1
        else:
            (number,) = (part["id"] for part in seen["segments_info"] if part["label_id"] == 1)
            subject = seen["segmentation"] == number
        starts = subject[2:-2].int().argmax(dim=1).unique()
        jumps = starts.diff()
        print(f"{name}, {way}: a sloping edge starts at {len(starts)} different columns, {float(jumps.float().mean()):.1f} apart on average")
        assert abs(jumps.float().mean() - (step if way == "instance" else 1)) < 0.1
PYTHON
