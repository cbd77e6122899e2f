#!/usr/bin/env bash
# torchvision's to_dtype(..., scale=True) turns white into black on the way from half precision to bytes: it multiplies by 255.999, which
# float16 and bfloat16 round to 256, and as a byte that is 0. A matte of a network that runs in half precision has holes wherever it is
# quite opaque; of the 256 levels 16 (float16) and 128 (bfloat16) come back as others. Whole numbers are shifted where they should be
# scaled: an 8-bit white is 65280 of 65535 as uint16, 32640 of 32767 as int16. And ToTensor makes signed numbers of a 16-bit grey PNG and
# does not scale them: 40000 is -25536, where pil_to_tensor has 40000. No message. Go to float32 before. Seen with torchvision 0.29.1,
# PyTorch 2.14.1 on the processor, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchvision==0.29.1 torch==2.14.1 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import ToTensor
from torchvision.transforms.v2 import functional

print("torchvision", torchvision.__version__)
levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 256)
for kind, expected in ((torch.uint16, 65280), (torch.int16, 32640), (torch.int32, 2139095040), (torch.float32, 1)):
    white = functional.to_dtype(levels, kind, scale=True)[0, 0, 255].item()
    most = 1 if kind.is_floating_point else torch.iinfo(kind).max
    print(f"8-bit white as {kind}: {white} of {most}")
    assert white == expected
for kind, expected in ((torch.float32, 0), (torch.float16, 16), (torch.bfloat16, 128)):
    floats = functional.to_dtype(levels, torch.float32, scale=True).to(kind)
    change = functional.to_dtype(floats, torch.uint8, scale=True).int() - levels.int()
    print(f"levels that change on the way through {kind}: {(change != 0).sum().item()}, by", torch.unique(change).tolist(), "; 255 comes back as", 255 + change[0, 0, 255].item())
    assert (change != 0).sum() == expected and change[0, 0, 255] == (0 if kind == torch.float32 else -255)
deep = Image.fromarray(np.full((4, 4), 40000, np.uint16))
seen, plain = ToTensor()(deep), functional.pil_to_tensor(deep)
print("16-bit grey of 40000 by ToTensor:", seen.dtype, seen[0, 0, 0].item(), "by pil_to_tensor:", plain.dtype, plain[0, 0, 0].item())
assert seen[0, 0, 0] == 40000 - 65536 and seen.dtype == torch.int16 and plain[0, 0, 0].item() == 40000
PYTHON
