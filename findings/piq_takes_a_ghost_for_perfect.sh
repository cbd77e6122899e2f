#!/usr/bin/env bash
# Two scores of piq, a package of picture quality measures for PyTorch, are wrong where a frame holds nothing, as mattes of a clip often
# do. vif_p, visual information fidelity, of a subject seen where none is, the ghost that people notice first, is 1, the score of a
# perfect frame, while nothing seen where a subject is scores 0; the subject at half its opacity scores 0.77, and against a truth of half
# its opacity 1.30. haarpsi of two empty frames is inf, so that one rightly empty frame makes the mean of the clip inf; of two white ones
# it is 1. haarpsi also takes pictures with alpha and says 1 when alpha is lost altogether, where seven others raise an error for a fourth
# channel. No message. Seen with piq 0.8.0, PyTorch 2.14.1, torchvision 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check piq==0.8.0 torch==2.14.1 torchvision==0.29.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import piq
import torch

print("piq", piq.__version__)
rows, columns = np.mgrid[:256, :256]
disc = np.clip(1 - (np.hypot(rows - 128, columns - 128) - 60) / 8, 0, 1).astype(np.float32)
subject = torch.from_numpy(disc)[None, None]
nothing, everything = torch.zeros_like(subject), torch.ones_like(subject)
frames = {
    "a perfect frame": (subject, subject, 1.0),
    "a ghost": (subject, nothing, 1.0),
    "a miss": (nothing, subject, 0.0),
    "half as opaque": (subject / 2, subject, 0.771),
    "twice as opaque": (subject, subject / 2, 1.296),
}
for name, (answer, truth, expected) in frames.items():
    score = piq.vif_p(answer, truth).item()
    print(f"vif_p of {name}: {score:.3f}; ssim {piq.ssim(answer, truth).item():.3f}")
    assert abs(score - expected) < 0.01
for name, frame in (("empty", nothing), ("white", everything), ("with a subject", subject)):
    score = piq.haarpsi(frame, frame).item()
    print(f"haarpsi of two frames that are {name}: {score:.3f}")
    assert np.isinf(score) if frame is nothing else abs(score - 1) < 1e-4
torch.manual_seed(0)
picture = torch.rand(1, 4, 256, 256)
opaque = picture.clone()
opaque[:, 3] = 1
score = piq.haarpsi(picture, opaque).item()
print(f"haarpsi of a picture and itself without its alpha: {score:.3f}")
assert abs(score - 1) < 1e-4
refused = 0
for score in (piq.fsim, piq.vif_p, piq.gmsd, piq.vsi, piq.dss, piq.mdsi, piq.srsim):
    try:
        score(picture, opaque)
    except Exception:
        refused += 1
print("others that refuse a fourth channel:", refused)
assert refused == 7
PYTHON
