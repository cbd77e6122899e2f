"""Run Meta's own SAM 3 code on the tiny model and keep its values for test_sam3_meta.py.

    python tests/engines/meta_sam3/make_values.py        (needs pip's index; torch and transformers)

Installs Meta's package, without what it declares, into a temporary folder. It is written for CUDA and
imports packages that inference on these inputs does not use: device strings are rewritten to "cpu" and
those packages are replaced by empty modules; no arithmetic is changed.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from transformers import Sam3VideoModel  # noqa: E402

from tests.engines.meta_sam3 import model as tiny  # noqa: E402
from tests.engines.meta_sam3.names import meta_name  # noqa: E402

PACKAGES = ("sam3==0.1.4", "einops==0.8.1")
VALUES = Path(__file__).with_name("values.npz")
CUDA_STRINGS = (
    (r'device_type="cuda"', 'device_type="cpu", enabled=False'),
    (r"enabled=False, dtype=torch.bfloat16", "enabled=False"),
    (r"enabled=False, enabled=False", "enabled=False"),
    (r'"cuda"', '"cpu"'),
    (r"\.cuda\((non_blocking=True)?\)", ""),
    (r"\.pin_memory\(\)", ""),
)


class Stub(types.ModuleType):
    """A module of which any name can be imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("autotune", "jit"):
            return lambda *a, **k: a[0] if a and callable(a[0]) else (lambda f: f)
        return type(name, (torch.nn.Identity,), {})


class StubFinder:
    """Finds a stub for each package that is not needed."""

    names = ("torchvision", "timm", "iopath", "ftfy", "pycocotools", "sam3.train", "sam3.perflib",
             "sam3.model.edt", "sam3.model.utils", "sam3.model.sam3_video_inference",
             "sam3.model.sam3_video_predictor")  # fmt: skip

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if any(name == one or name.startswith(one + ".") for one in self.names):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> Stub:
        return Stub(spec.name)

    def exec_module(self, module: Any) -> None:
        module.__path__ = []


def install(folder: Path) -> None:
    """Put Meta's package into the folder and let it run on a CPU."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
    ]
    subprocess.run([*command, *PACKAGES], check=True)
    for path in (folder / "sam3").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for pattern, replacement in CUDA_STRINGS:
            text = re.sub(pattern, replacement, text)
        path.write_text(text, encoding="utf-8")
    (folder / "sam3" / "__init__.py").write_text("")
    sys.meta_path.insert(0, StubFinder())
    sys.path.insert(0, str(folder))
    _fill_stubs()


def _fill_stubs() -> None:
    """Give the stubs the two layers that are used: timm's MLP, and torchvision's RoI pooling."""
    from engines.sam.exemplar import roi_align

    layers = importlib.import_module("timm.layers")

    class Mlp(torch.nn.Module):
        def __init__(
            self, in_features: int, hidden_features: int, act_layer: Any, drop: Any = None, **_: Any
        ) -> None:
            super().__init__()
            self.fc1 = torch.nn.Linear(in_features, hidden_features)
            self.act = act_layer()
            self.fc2 = torch.nn.Linear(hidden_features, in_features)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc2(self.act(self.fc1(x)))

    layers.Mlp = Mlp
    layers.trunc_normal_ = torch.nn.init.trunc_normal_
    operations = importlib.import_module("torchvision.ops")

    def pooled(features: torch.Tensor, boxes: list[torch.Tensor], side: int) -> torch.Tensor:
        rows = [roi_align(features[i], box, side) for i, box in enumerate(boxes) if len(box)]
        return torch.cat(rows) if rows else torch.zeros(0, features.shape[1], side, side)

    operations.roi_align = pooled


def build() -> tuple[Any, Any]:
    """Return Meta's detector and tracker at the tiny model's sizes, put together as its builder does."""
    from sam3 import model_builder as b
    from sam3.model.text_encoder_ve import VETextEncoder

    def position(count: int = tiny.HIDDEN) -> Any:
        return b.PositionEmbeddingSine(
            num_pos_feats=count, normalize=True, scale=None, temperature=10000
        )

    def attention(batch_first: bool = False) -> Any:
        return b.MultiheadAttention(
            num_heads=tiny.HEADS, dropout=0.1, embed_dim=tiny.HIDDEN, batch_first=batch_first
        )

    def encoder_layer(in_attention: bool, in_keys: bool, batch_first: bool) -> Any:
        return b.TransformerEncoderLayer(
            activation="relu", d_model=tiny.HIDDEN, dim_feedforward=tiny.FEED_FORWARD, dropout=0.1,
            pos_enc_at_attn=in_attention, pos_enc_at_cross_attn_keys=in_keys,
            pos_enc_at_cross_attn_queries=False, pre_norm=True,
            self_attention=attention(batch_first), cross_attention=attention(batch_first),
        )  # fmt: skip

    trunk = b.ViT(
        img_size=tiny.IMAGE_SIZE, pretrain_img_size=56, patch_size=tiny.PATCH, embed_dim=tiny.VISION_WIDTH,
        depth=2, num_heads=2, mlp_ratio=2, norm_layer="LayerNorm", drop_path_rate=0.0, qkv_bias=True,
        use_abs_pos=True, tile_abs_pos=True, global_att_blocks=(1,), rel_pos_blocks=(), use_rope=True,
        use_interp_rope=True, window_size=4, pretrain_use_cls_token=True, retain_cls_token=False, ln_pre=True,
        ln_post=False, return_interm_layers=False, bias_patch_embed=False,
    )  # fmt: skip
    neck = b.Sam3DualViTDetNeck(
        position_encoding=position(), d_model=tiny.HIDDEN, scale_factors=[4.0, 2.0, 1.0, 0.5], trunk=trunk,
        add_sam2_neck=True,
    )  # fmt: skip
    text = VETextEncoder(
        d_model=tiny.HIDDEN,
        tokenizer=tokens,
        width=tiny.TEXT_WIDTH,
        heads=2,
        layers=2,
        vocab_size=514,
    )
    backbone = b.SAM3VLBackbone(visual=neck, text=text, scalp=1)
    encoder = b.TransformerEncoderFusion(
        layer=encoder_layer(True, False, True), num_layers=2, d_model=tiny.HIDDEN, num_feature_levels=1,
        frozen=False, use_act_checkpoint=True, add_pooled_text_to_img_feat=False, pool_text_with_mask=True,
    )  # fmt: skip
    decoder = b.TransformerDecoder(
        layer=b.TransformerDecoderLayer(
            activation="relu", d_model=tiny.HIDDEN, dim_feedforward=tiny.FEED_FORWARD, dropout=0.1,
            cross_attention=attention(), n_heads=tiny.HEADS, use_text_cross_attention=True,
        ),
        num_layers=2, num_queries=tiny.QUERIES, return_intermediate=True, box_refine=True, num_o2m_queries=0,
        dac=True, boxRPB="log", d_model=tiny.HIDDEN, frozen=False, interaction_layer=None,
        dac_use_selfatt_ln=True, resolution=tiny.IMAGE_SIZE, stride=tiny.PATCH, use_act_checkpoint=True,
        presence_token=True,
    )  # fmt: skip
    geometry = b.SequenceGeometryEncoder(
        pos_enc=position(), encode_boxes_as_points=False, points_direct_project=True, points_pool=True,
        points_pos_enc=True, boxes_direct_project=True, boxes_pool=True, boxes_pos_enc=True,
        d_model=tiny.HIDDEN, num_layers=2, layer=encoder_layer(False, True, False), use_act_ckpt=True,
        add_cls=True, add_post_encode_proj=True,
    )  # fmt: skip
    head = b.UniversalSegmentationHead(
        hidden_dim=tiny.HIDDEN, upsampling_stages=3, aux_masks=False, presence_head=False,
        dot_product_scorer=None, act_ckpt=True, cross_attend_prompt=attention(),
        pixel_decoder=b.PixelDecoder(num_upsampling_stages=3, interpolation_mode="nearest", hidden_dim=tiny.HIDDEN),
    )  # fmt: skip
    scoring = b.DotProductScoring(
        d_model=tiny.HIDDEN, d_proj=tiny.HIDDEN,
        prompt_mlp=b.MLP(input_dim=tiny.HIDDEN, hidden_dim=tiny.SCORING_WIDTH, output_dim=tiny.HIDDEN, num_layers=2,
                         dropout=0.1, residual=True, out_norm=torch.nn.LayerNorm(tiny.HIDDEN)),
    )  # fmt: skip
    detector = b.Sam3Image(
        backbone=backbone, transformer=b.TransformerWrapper(encoder=encoder, decoder=decoder, d_model=tiny.HIDDEN),
        input_geometry_encoder=geometry, segmentation_head=head, num_feature_levels=1, o2m_mask_predict=True,
        dot_prod_scoring=scoring, use_instance_query=False, multimask_output=True,
    )  # fmt: skip
    return detector.eval(), _tracker(b, position, backbone).eval()


def _tracker(b: Any, position: Any, backbone: Any) -> Any:
    side = tiny.IMAGE_SIZE // tiny.PATCH

    def rope(**extra: Any) -> Any:
        return b.RoPEAttention(
            embedding_dim=tiny.HIDDEN, num_heads=1, downsample_rate=1, dropout=0.1, rope_theta=10000.0,
            feat_sizes=[side, side], use_fa3=False, use_rope_real=False, **extra,
        )  # fmt: skip

    layer = b.TransformerDecoderLayerv2(
        cross_attention_first=False, activation="relu", dim_feedforward=tiny.FEED_FORWARD, dropout=0.1,
        pos_enc_at_attn=False, pre_norm=True, self_attention=rope(), d_model=tiny.HIDDEN,
        pos_enc_at_cross_attn_keys=True, pos_enc_at_cross_attn_queries=False,
        cross_attention=rope(kv_in_dim=64, rope_k_repeat=True),
    )  # fmt: skip
    encoder = b.TransformerEncoderCrossAttention(
        remove_cross_attention_layers=[], batch_first=True, d_model=tiny.HIDDEN, frozen=False,
        pos_enc_at_input=True, layer=layer, num_layers=2, use_act_checkpoint=False,
    )  # fmt: skip
    memory = b.SimpleMaskEncoder(
        out_dim=64, in_dim=tiny.HIDDEN, position_encoding=position(64),
        mask_downsampler=b.SimpleMaskDownSampler(
            embed_dim=tiny.HIDDEN, kernel_size=3, stride=2, padding=1, interpol_size=[16 * side, 16 * side]
        ),
        fuser=b.SimpleFuser(
            layer=b.CXBlock(dim=tiny.HIDDEN, kernel_size=7, padding=3, layer_scale_init_value=1e-6, use_dwconv=True),
            num_layers=2,
        ),
    )  # fmt: skip
    return b.Sam3TrackerPredictor(
        image_size=tiny.IMAGE_SIZE, num_maskmem=7, backbone=backbone, backbone_stride=tiny.PATCH,
        transformer=b.TransformerWrapper(encoder=encoder, decoder=None, d_model=tiny.HIDDEN),
        maskmem_backbone=memory, multimask_output_in_sam=True, forward_backbone_per_frame_for_eval=True,
        trim_past_non_cond_mem_for_eval=False, multimask_output_for_tracking=True, multimask_min_pt_num=0,
        multimask_max_pt_num=1, always_start_from_first_ann_frame=False, non_overlap_masks_for_mem_enc=False,
        non_overlap_masks_for_output=False, max_cond_frames_in_attn=4, offload_output_to_cpu_for_eval=False,
        sam_mask_decoder_extra_args={
            "dynamic_multimask_via_stability": True, "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        },
        clear_non_cond_mem_around_input=True, fill_hole_area=0, use_memory_selection=True,
    )  # fmt: skip


def tokens(texts: list[str], context_length: int) -> torch.Tensor:
    """Return the token ids, padded with 0 as Meta's tokenizer does."""
    from tests.engines.tiny_sam3 import byte_tokenizer

    rows = [byte_tokenizer()(text)["input_ids"] for text in texts]
    return torch.tensor([row + [0] * (context_length - len(row)) for row in rows])


def load(detector: Any, tracker: Any) -> None:
    """Put the tiny model's weights into Meta's modules; every parameter of theirs must be filled."""
    shapes = {
        name: tuple(value.shape) for name, value in Sam3VideoModel(tiny.config()).named_parameters()
    }
    theirs = {"detector_model." + name: value for name, value in detector.named_parameters()}
    theirs |= {
        "tracker_model." + n: v
        for n, v in tracker.named_parameters()
        if not n.startswith("backbone.")
    }
    theirs |= {"tracker_model." + n: v for n, v in tracker.named_buffers() if "gaussian" in n}
    filled: dict[str, list[str]] = {}
    for name, value in tiny.weights(shapes).items():
        target, third = meta_name(name)
        if target.rpartition(".")[2] == "point_embeddings":
            for index, row in enumerate(value):
                theirs[f"{target}.{index}.weight"].data.copy_(torch.from_numpy(row)[None])
                filled.setdefault(f"{target}.{index}.weight", []).append("")
            continue
        if target.endswith("text_projection"):
            continue  # projects the pooled text, which neither code goes on to use
        parameter = theirs[target]
        source = torch.from_numpy(value)
        if target.endswith("pos_embed"):
            parameter.data[:, 1:].copy_(source)  # its first row is the class token's, never used
        elif third:
            size = parameter.shape[0] // 3
            start = "qkv".index(third) * size
            parameter.data[start : start + size].copy_(source)
        else:
            parameter.data.copy_(source.view(parameter.shape))
        filled.setdefault(target, []).append(third)
    for name, buffer in tracker.named_buffers():
        if name.endswith("gaussian_matrix"):
            buffer.data.copy_(torch.from_numpy(tiny.position_matrix()))
            filled["tracker_model." + name] = [""]
    left = [n for n in theirs if n not in filled and "geometry_encoder.points" not in n]
    if left != ["detector_model.backbone.language_backbone.encoder.text_projection"]:
        raise ValueError(f"not filled: {left}")


@torch.inference_mode()
def found(detector: Any, text: str, boxes: list[tuple[float, ...]]) -> dict[str, torch.Tensor]:
    """Return the detector's answer to a text and to positive boxes (centre and size in 0..1)."""
    from sam3.model.geometry_encoders import Prompt

    output = detector.backbone.forward_image(tiny.pixels(tiny.picture()))
    output.update(detector.backbone.forward_text([text], device="cpu"))
    prompt = Prompt(
        box_embeddings=torch.zeros(0, 1, 4), box_mask=torch.zeros(1, 0, dtype=torch.bool)
    )
    for box in boxes:
        prompt.append_boxes(torch.tensor(box).view(1, 1, 4), torch.ones(1, 1, dtype=torch.bool))
    stage = types.SimpleNamespace(img_ids=torch.tensor([0]), text_ids=torch.tensor([0]))
    answer = detector.forward_grounding(
        backbone_out=output, find_input=stage, geometric_prompt=prompt, find_target=None
    )
    return {
        "masks": answer["pred_masks"][0],
        "logits": answer["pred_logits"][0, :, 0],
        "presence": answer["presence_logit_dec"].flatten(),
    }


@torch.inference_mode()
def clicked(tracker: Any) -> dict[str, torch.Tensor]:
    """Return low-resolution logits for each further click, and for a box, as Meta's image predictor does."""
    image = tracker.forward_image(tiny.pixels(tiny.picture()))
    _, features, _, sizes = tracker._prepare_backbone_features(image)
    features[-1] = features[-1] + tracker.no_mem_embed
    levels = [f.permute(1, 2, 0).view(1, -1, *s) for f, s in zip(features, sizes, strict=True)]
    scale = torch.tensor([tiny.IMAGE_SIZE / tiny.SIZE_WH[0], tiny.IMAGE_SIZE / tiny.SIZE_WH[1]])

    def decode(xy: Any, labels: Any, previous: torch.Tensor | None, several: bool) -> Any:
        points = (
            torch.tensor(xy).view(1, -1, 2) * scale,
            torch.tensor(labels, dtype=torch.int32)[None],
        )
        sparse, dense = tracker.sam_prompt_encoder(points=points, boxes=None, masks=previous)
        masks, scores, _, _ = tracker.sam_mask_decoder(
            image_embeddings=levels[-1], image_pe=tracker.sam_prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense, multimask_output=several,
            repeat_image=False, high_res_features=levels[:-1],
        )  # fmt: skip
        best = int(scores[0].argmax())
        return masks[:, best : best + 1].clamp(
            -32, 32
        )  # as `_predict` gives them for the next click

    values, previous = {}, None
    for count in range(1, len(tiny.CLICKS) + 1):
        xy, labels = zip(*tiny.CLICKS[:count], strict=True)
        previous = decode(xy, labels, previous, count == 1)
        values[f"click{count}"] = previous[0, 0]
    x0, y0, x1, y1 = tiny.BOX
    values["box"] = decode([(x0, y0), (x1, y1)], [2, 3], None, False)[0, 0]
    values["box_click"] = decode(
        [(x0, y0), (x1, y1), tiny.CLICKS[0][0]], [2, 3, 1], values["box"][None, None], False
    )[0, 0]
    return values


@torch.inference_mode()
def tracked(tracker: Any, start: int, reverse: bool) -> dict[str, torch.Tensor]:
    """Return low-resolution logits and presence logits of each frame, in the order of tracking."""
    frames = tiny.clip()
    state = tracker.init_state(tiny.SIZE_WH[1], tiny.SIZE_WH[0], num_frames=len(frames))
    state["images"] = [tiny.pixels(frame)[0] for frame in frames]
    mask = torch.from_numpy(np.roll(tiny.object_mask(), 2 * start, axis=1))
    tracker.add_new_mask(state, start, obj_id=1, mask=mask)
    masks, scores = [], []
    for _, _, low, _, score in tracker.propagate_in_video(
        state, start, None, reverse, tqdm_disable=True, propagate_preflight=True
    ):
        masks.append(low[0, 0])
        scores.append(score.flatten()[0])
    return {"masks": torch.stack(masks), "scores": torch.stack(scores)}


def filled(masks: torch.Tensor) -> torch.Tensor:
    """Return masks without small holes and specks, as Meta's video path gives them."""
    from sam3.model import sam3_tracker_utils

    def components(batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Label with 8-connectivity, as the package that Meta calls does on a CPU."""
        labels, counts = [], []
        for mask in batch[:, 0].numpy():
            _, label, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            stats[0] = 0
            labels.append(label)
            counts.append(stats[:, cv2.CC_STAT_AREA][label])
        as_batch = [torch.from_numpy(np.stack(one))[:, None] for one in (labels, counts)]
        return as_batch[0], as_batch[1]

    stub = importlib.import_module("sam3.perflib.connected_components")
    stub.connected_components = components
    return sam3_tracker_utils.fill_holes_in_mask_scores(masks[:, None], max_area=16)[:, 0]


def values(detector: Any, tracker: Any) -> dict[str, np.ndarray]:
    """Return everything that is kept, float32."""
    width, height = tiny.SIZE_WH
    x0, y0, x1, y1 = tiny.EXEMPLAR
    box = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
    kept = {
        "text": found(detector, tiny.TEXT, []),
        "exemplar": found(detector, "visual", [box]),
        "clicks": clicked(tracker),
        "forward": tracked(tracker, 0, reverse=False),
        "backward": tracked(tracker, tiny.FRAMES - 1, reverse=True),
    }
    kept["filled"] = {"masks": filled(kept["text"]["masks"])}
    with torch.inference_mode():
        trunk = detector.backbone.vision_backbone.trunk(tiny.pixels(tiny.picture()))[-1]
    flat = {
        f"{part}_{name}": value for part, group in kept.items() for name, value in group.items()
    }
    return {name: value.float().numpy() for name, value in {**flat, "trunk": trunk[0]}.items()}


def main() -> None:
    """Make the values."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        detector, tracker = build()
        _fill_stubs()  # again: an import of Meta's may have put a stub in the pooling's place
        load(detector, tracker)
        kept = values(detector, tracker)
    np.savez_compressed(VALUES, **kept)
    for name, value in kept.items():
        print(f"{name:18} {value.shape!s:14} {value.min():8.3f} … {value.max():8.3f}")
    print(f"{VALUES}: {VALUES.stat().st_size} bytes")


if __name__ == "__main__":
    main()
