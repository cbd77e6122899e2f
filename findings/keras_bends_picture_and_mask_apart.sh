#!/usr/bin/env bash
# Keras's RandomElasticTransform bends a picture and its mask by two different fields: the transformation that both are given holds the seed
# generator, not a seed, and each call draws from it anew. A picture that is a copy of its mask comes back with an intersection over union
# of about 0.7 with it at full strength, where RandomShear and RandomPerspective keep 1.0: a network so trained learns that edges are anywhere.
# A mask of integers raises. With value_range=(0, 1), for pictures of that range, the class numbers of the mask are cut to 1: class 20
# becomes 1. AugMix mixes the maps of its chains as it mixes pictures: of 0 and 20 come numbers in between, classes that are nowhere.
# No message otherwise. Hand picture and mask over as one array of four channels. Seen with Keras 3.15.1 on JAX 0.10.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.0 numpy==2.2.6
export KERAS_HOME="$folder/keras"
KERAS_BACKEND=jax env/bin/python -W ignore - <<'PYTHON'
import keras
import numpy as np
from keras import layers

print("Keras", keras.__version__, keras.backend.backend())
mask = np.zeros((8, 64, 64, 1), np.float32)
mask[:, 16:48, 16:48] = 1


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def agreement(layer):
    """Smallest intersection over union of a mask and a picture that is its copy, in a batch of 8, and whether anything changed."""
    keras.utils.set_random_seed(3)
    found = layer({"images": np.repeat(mask, 3, -1) * 255, "segmentation_masks": mask}, training=True)
    picture, seen = array(found["images"])[..., :1] > 127, array(found["segmentation_masks"]) > 0.5
    union = np.logical_or(picture, seen).sum((1, 2, 3))
    return float((np.logical_and(picture, seen).sum((1, 2, 3)) / union).min()), bool((seen != (mask > 0.5)).any())


for layer, together in (
    (layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), interpolation="nearest"), False),
    (layers.RandomShear(0.2, 0.2, interpolation="nearest"), True),
    (layers.RandomPerspective(1.0, 0.3, interpolation="nearest"), True),
):
    share, changed = agreement(layer)
    print(f"  {type(layer).__name__}: intersection over union of picture and mask {share:.2f}")
    assert changed and (share > 0.97 if together else share < 0.9)

joined = np.concatenate([np.repeat(mask, 3, -1), mask], -1) * 255
keras.utils.set_random_seed(3)
bent = array(layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), interpolation="nearest")(joined, training=True))
print("  as one array of four channels: the same", bool((bent[..., 0] == bent[..., 3]).all()))
assert (bent[..., 0] == bent[..., 3]).all() and (bent != joined).any()

try:
    layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0))({"images": np.repeat(mask, 3, -1), "segmentation_masks": mask.astype(np.uint8)}, training=True)
except (TypeError, ValueError) as error:
    raised = type(error).__name__
print("  a mask of uint8:", raised)

classes = mask * 20
pictures = np.repeat(mask, 3, -1)
for layer in (layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), value_range=(0, 1)), layers.AugMix(value_range=(0, 1))):
    keras.utils.set_random_seed(3)
    seen = np.unique(array(layer({"images": pictures, "segmentation_masks": classes}, training=True)["segmentation_masks"]))
    print(f"  {type(layer).__name__}, classes 0 and 20, value_range (0, 1):", seen.round(2).tolist()[:6])
    assert seen.tolist() == [0, 1] if isinstance(layer, layers.RandomElasticTransform) else len(set(seen.tolist()) - {0, 20}) > 0
PYTHON
