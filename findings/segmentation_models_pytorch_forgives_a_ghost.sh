#!/usr/bin/env bash
# The overlap losses of segmentation-models-pytorch, DiceLoss, JaccardLoss and TverskyLoss, count a batch without a subject as 0 whatever
# is found in it: all of the frame taken for the subject costs nothing, so that a network trained with small batches or one clip at a time
# is never told of a ghost; beside one frame with a subject the same ghost costs 0.33. The binary cross-entropy and focal losses there see
# it; MCCLoss in turn has 0.5 for a frame that is rightly empty. Masks of 0 and 255, as files hold them, are taken without a word:
# metrics.get_stats counts negative false positives and a perfect answer has IoU -1.008, a perfect one costs 0.99 in DiceLoss and -714 in
# the cross-entropy. Seen with segmentation-models-pytorch 0.6.0, PyTorch 2.14.1, torchvision 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check segmentation-models-pytorch==0.6.0 torch==2.14.1 torchvision==0.29.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import segmentation_models_pytorch as smp
import torch
from segmentation_models_pytorch import losses, metrics

print("segmentation-models-pytorch", smp.__version__)
nothing = torch.zeros(1, 1, 16, 16)
everything = torch.ones_like(nothing)
subject = nothing.clone()
subject[..., 4:10, 4:10] = 1


def logits(mask):
    """A network's answer that is quite certain."""
    return (mask * 2 - 1) * 20


cases = {
    "rightly empty": (nothing, nothing),
    "the whole frame where nothing is": (everything, nothing),
    "a miss": (nothing, subject),
    "a ghost beside a hit": (torch.cat([subject, subject]), torch.cat([subject, nothing])),
    "a hit, as 0 and 255": (subject, subject * 255),
}
kinds = {
    "DiceLoss": (losses.DiceLoss("binary"), [0, 0, 1, 0.333, 0.992]),
    "JaccardLoss": (losses.JaccardLoss("binary"), [0, 0, 1, 0.5, 0.996]),
    "TverskyLoss": (losses.TverskyLoss("binary"), [0, 0, 1, 0.333, 0.992]),
    "SoftBCEWithLogitsLoss": (losses.SoftBCEWithLogitsLoss(), [0, 20, 2.8125, 1.406, -714.375]),
}
print("losses of:", "; ".join(cases))
for name, (loss, expected) in kinds.items():
    seen = [round(loss(logits(answer), truth).item(), 3) for answer, truth in cases.values()]
    print(f"{name}: {seen}")
    assert all(abs(one - other) < 0.002 for one, other in zip(seen, expected))
empty = losses.MCCLoss()(nothing, nothing).item()
print(f"MCCLoss of a rightly empty frame: {empty:.3f}, of a hit: {losses.MCCLoss()(subject, subject).item():.3f}")
assert empty > 0.49
for level in (1, 255):
    mask = (subject * level).long()
    counts = metrics.get_stats(mask, mask, mode="binary")
    score = metrics.iou_score(*counts, reduction="micro").item()
    print(f"IoU of a mask of 0 and {level} with itself: {score:.3f}, false positives {counts[1].item()}")
    assert (score == 1) if level == 1 else (score < -1 and counts[1].item() < 0)
PYTHON
