"""EdgeTAM's own script in a worker, on a package with the names of the project's code and a simple computation."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.edgetam.engine import EdgeTamEngine
from engines.weights import download_command
from utils.errors import EngineUnavailable, ModelFilesError
from utils.messages import render
from utils.types import Box, Point, Prompt

pytestmark = pytest.mark.models

CODE = {
    "__init__.py": "",
    "modeling/__init__.py": "",
    "modeling/perceiver.py": "",
    "modeling/backbones/__init__.py": "",
    "modeling/backbones/timm.py": """
        def create_model(name, pretrained):
            assert not pretrained, "weights would be fetched"
    """,
    "build_sam.py": """
        from sam2.modeling.backbones import timm
        from sam2.sam2_video_predictor import SAM2VideoPredictor

        def build_sam2_video_predictor(config, ckpt_path=None, device="cuda", hydra_overrides_extra=[]):
            assert config == "configs/edgetam.yaml" and ckpt_path is None
            assert hydra_overrides_extra == ["++model.fill_hole_area=0"]
            timm.create_model("repvit_m1", pretrained=True)
            return SAM2VideoPredictor().to(device).eval()
    """,
    "sam2_image_predictor.py": """
        import numpy as np

        class SAM2ImagePredictor:
            def __init__(self, model):
                self.images = 0

            def set_image(self, image):
                self.images += 1
                self.image = image

            def predict(self, point_coords, point_labels, box, multimask_output):
                bright = self.image.mean(2) * 1.0
                if multimask_output:
                    x, y = point_coords[0].astype(int)
                    assert point_labels.tolist() == [1] and box is None
                    level = bright[y, x]
                    masks = [np.where(bright >= level, 1.0, -1.0), np.where(bright > 300, 1.0, -1.0)]
                    return np.stack(masks), np.array([0.2, 0.6]), None
                x0, y0, x1, y1 = box.astype(int)
                logits = np.full(bright.shape, -1.0)
                logits[y0:y1, x0:x1] = 1.0
                return logits[None], np.array([0.1 * self.images]), None
    """,
    "sam2_video_predictor.py": """
        import torch
        from torch.nn import functional

        def load_video_frames(**options):
            raise RuntimeError("the clip would be read from a folder, all at once")

        class SAM2VideoPredictor(torch.nn.Module):
            image_size = 32

            def __init__(self):
                super().__init__()
                self.level = torch.nn.Parameter(torch.zeros(()))
                self.encoded = 0

            def forward_image(self, batch):
                self.encoded += 1
                return {"bright": batch.mean(1, keepdim=True)}

            def init_state(self, video_path):
                images, height, width = load_video_frames(video_path=video_path)
                state = {"images": images, "size": (height, width), "cond": {}, "output_dict": {},
                         "output_dict_per_obj": {}}
                state["output_dict"]["non_cond_frame_outputs"] = {}
                self._feature(state, 0)
                return state

            def _feature(self, state, index):
                return self.forward_image(state["images"][index][None])["bright"]

            def add_new_mask(self, inference_state, frame_idx, obj_id, mask):
                assert mask.dtype == bool and mask.shape == inference_state["size"]
                inference_state["cond"][frame_idx] = torch.from_numpy(mask)
                inference_state["output_dict_per_obj"][0] = {"non_cond_frame_outputs": {}}

            def propagate_in_video(self, inference_state, start_frame_idx, reverse):
                kept = inference_state["output_dict"]["non_cond_frame_outputs"]
                alone = inference_state["output_dict_per_obj"][0]["non_cond_frame_outputs"]
                assert not kept and not alone
                count = len(inference_state["images"])
                order = range(start_frame_idx, -1 if reverse else count, -1 if reverse else 1)
                for index in order if not reverse or start_frame_idx else []:
                    bright = self._feature(inference_state, index) * self.level
                    logits = functional.interpolate(bright, size=inference_state["size"], mode="nearest")
                    if index in inference_state["cond"]:
                        logits = inference_state["cond"][index][None, None] * 2.0 - 1.0
                    else:
                        kept[index] = alone[index] = 1
                        assert len(kept) <= 17, "the state grows with the clip"
                    # One encoding serves every object.
                    assert self.encoded <= 2 * count + 4
                    yield index, [1], logits
    """,
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    torch = pytest.importorskip("torch")
    for name, text in CODE.items():
        path = tmp_path / "code" / "sam2" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    (tmp_path / "code" / "checkpoints").mkdir()
    torch.save({"model": {"level": torch.ones(())}}, tmp_path / "code/checkpoints/edgetam.pt")
    return Settings(
        _env_file=None, edgetam_python=Path(sys.executable), edgetam_code=tmp_path / "code"
    )


def test_what_is_missing_is_named_with_what_gets_it():
    engine = EdgeTamEngine(Settings(_env_file=None))
    commands = [item.command for item in engine.requirements() if not item.present]
    said = [render(item.label, "zh") for item in engine.requirements()]
    assert said[0].startswith("EdgeTAM 的独立环境") and "SPLAZMATTE_EDGETAM_PYTHON" in said[0]
    assert said[1].startswith("EdgeTAM 的代码"), "it was named EDGETAM, as in its settings"
    assert commands[2] == download_command("edgetam")
    assert "torchvision" in commands[0]
    assert commands[1].startswith("git clone ")
    with pytest.raises(EngineUnavailable):
        engine.load_model("cpu")


def test_weights_of_its_own_folder_come_before_those_of_its_repository(settings, tmp_path):
    folder = tmp_path / "models"
    own = EdgeTamEngine(settings.model_copy(update={"models_dir": folder}))
    assert own.is_available
    assert own.worker_command().arguments[1].endswith("code/checkpoints/edgetam.pt")
    (folder / "edgetam").mkdir(parents=True)
    (folder / "edgetam" / "edgetam.pt").write_bytes(b"damaged on the way")
    receipt = {"files": {"edgetam.pt": {"size": 55_000_000, "sha256": "0" * 64}}}
    (folder / "edgetam" / "receipt.json").write_text(json.dumps(receipt))
    assert own.worker_command().arguments[1].endswith("models/edgetam/edgetam.pt")
    with pytest.raises(ModelFilesError):
        own.load_model("cpu")


def test_clicks_a_box_and_two_objects_both_ways(settings):
    height, width, count, start = 32, 64, 40, 19
    frames = [np.full((height, width, 3), 20, np.uint8) for _ in range(count)]
    for frame in frames:
        frame[:, 32:] = 220
    right = frames[0][..., 0] == 220
    corner = np.zeros_like(right)
    corner[:8, :8] = True
    engine = EdgeTamEngine(settings)
    engine.load_model("cpu")
    (clicked,) = engine.segment_image(frames[0], Prompt(points=(Point(50, 4, True),)))
    assert np.array_equal(clicked.mask, right)
    (boxed,) = engine.segment_image(frames[1], Prompt(box=Box(0, 0, 8, 8)))
    # The same picture as before is not encoded again.
    assert (boxed.score, boxed.mask.sum()) == (pytest.approx(0.1), 64)
    tracked = {
        item.index: item.masks
        for item in engine.track_video(
            ArrayFrames(frames),
            {start: {1: right, 2: corner}, 30: {2: corner}},
            start,
            RunContext(),
        )
    }
    assert list(tracked) == [*range(start - 1, -1, -1), *range(start, count)]
    for index, masks in tracked.items():
        assert np.array_equal(masks[1], right)
        assert np.array_equal(masks[2], corner if index in (start, 30) else right)
    engine.unload()
