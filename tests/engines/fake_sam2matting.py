"""The part of SAM2Matting's code that the engine calls, with the same names and a simple computation.

`write_code` writes it as a package `sam2`. Alpha is the picture's brightness inside the last given mask.
"""

from __future__ import annotations

from pathlib import Path

BUILD = """
    import torch
    from sam2.sam2matting_video_predictor import SAM2VideoPredictor

    def build_sam2matting_video_predictor(config, ckpt_path=None, device="cuda", hydra_overrides_extra=[]):
        assert config == "configs/sam2matting-sam2.1base+.yaml" and ckpt_path is None
        return SAM2VideoPredictor().to(device).eval()
"""

PREDICTOR = """
    import torch
    from torch.nn import functional

    def load_video_frames(**options):
        raise RuntimeError("the clip would be read from a folder, all at once")

    class SAM2VideoPredictor(torch.nn.Module):
        image_size = 32

        def __init__(self):
            super().__init__()
            self.level = torch.nn.Parameter(torch.zeros(()))

        def init_state(self, video_path):
            images, height, width = load_video_frames(
                video_path=video_path, image_size=self.image_size, offload_video_to_cpu=False,
                async_loading_frames=False, compute_device=torch.device("cpu"),
            )
            images[0]
            return {"images": images, "num_frames": len(images), "size": (height, width),
                    "output_dict_per_obj": {0: {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}}}

        def add_new_mask(self, inference_state, frame_idx, obj_id, mask):
            assert mask.shape == (1, 1, 256, 256) and float(mask.max()) <= 10
            small = functional.interpolate(mask, size=(32, 32), mode="bilinear", align_corners=False)
            outputs = inference_state["output_dict_per_obj"][0]["cond_frame_outputs"]
            outputs[frame_idx] = {"mask": small >= 0.5}

        def propagate_in_video(self, inference_state, start_frame_idx, reverse):
            outputs = inference_state["output_dict_per_obj"][0]
            given, kept = outputs["cond_frame_outputs"], outputs["non_cond_frame_outputs"]
            assert not kept
            count = inference_state["num_frames"]
            order = range(start_frame_idx, -1, -1) if reverse else range(start_frame_idx, count)
            if reverse and start_frame_idx == 0:
                order = []
            mask = given[start_frame_idx]["mask"]
            for index in order:
                mask = given.get(index, {"mask": mask})["mask"]
                picture = inference_state["images"][index]
                assert picture.shape == (3, 32, 32) and picture.dtype == torch.float32
                deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
                mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
                bright = (picture * deviation + mean).mean(0)[None, None] * mask * self.level
                size = inference_state["size"]
                alpha = functional.interpolate(bright, size=size, mode="bilinear").squeeze(0)
                if index not in given:
                    kept[index] = {"alpha": alpha}
                    assert len(kept) <= 17, "the state grows with the clip"
                    assert sum(one["alpha"] is not None for one in kept.values()) <= 1
                yield index, [1], None, alpha.to(torch.bfloat16), None
"""


def write_code(folder: Path) -> Path:
    """Write the package and return the folder that stands for the repository's checkout."""
    import textwrap

    package = folder / "sam2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "build_sam.py").write_text(textwrap.dedent(BUILD))
    (package / "sam2matting_video_predictor.py").write_text(textwrap.dedent(PREDICTOR))
    return folder
