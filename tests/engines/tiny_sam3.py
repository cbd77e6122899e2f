"""Tiny random SAM 3 and SAM 2.1 checkpoints in the real file layout, for tests without weights.

`build_tiny_sam3(folder)` and `build_tiny_sam2(folder)` write what `download_models.sh` would, a receipt
included, in a second or two. A random model knows nothing: tests look at shapes, equality and state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.weights import write_receipt

IMAGE_SIZE = 112
SAM2_IMAGE_SIZE = 128
_HIDDEN = 128
"""Must exceed 64: memory attention hard-codes 64 memory channels, and equal widths break it."""


def _vision() -> dict[str, Any]:
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": IMAGE_SIZE,
        "patch_size": 14,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 56,
    }
    return {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "fpn_hidden_size": _HIDDEN,
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    }


def _detector() -> dict[str, Any]:
    layer = {
        "hidden_size": _HIDDEN,
        "num_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    text = {
        "model_type": "clip_text_model",
        "vocab_size": 514,
        "hidden_size": 32,
        "intermediate_size": 64,
        "projection_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 32,
        "hidden_act": "gelu",
        "bos_token_id": 512,
        "eos_token_id": 513,
        "pad_token_id": 513,
    }
    return {
        "model_type": "sam3",
        "vision_config": _vision(),
        "text_config": text,
        "geometry_encoder_config": dict(layer, roi_size=3),
        "detr_encoder_config": dict(layer),
        "detr_decoder_config": dict(layer, num_queries=5),
        "mask_decoder_config": {"hidden_size": _HIDDEN, "num_attention_heads": 2},
    }


def _tracker_parts(image_size: int, patch_size: int) -> dict[str, Any]:
    return {
        "image_size": image_size,
        "prompt_encoder_config": {
            "hidden_size": _HIDDEN,
            "image_size": image_size,
            "patch_size": patch_size,
            "mask_input_channels": 8,
        },
        "mask_decoder_config": {
            "hidden_size": _HIDDEN,
            "mlp_dim": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
        },
        "memory_attention_hidden_size": _HIDDEN,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 64,
        "memory_attention_rope_feat_sizes": [8, 8],
        "memory_encoder_hidden_size": _HIDDEN,
        "memory_encoder_output_channels": 64,
        "mask_downsampler_embed_dim": _HIDDEN,
        "memory_fuser_embed_dim": _HIDDEN,
        "memory_fuser_intermediate_dim": 64,
        "memory_fuser_num_layers": 1,
    }


def build_tiny_sam3(folder: Path, *, seed: int = 0) -> Path:
    """Write a tiny SAM 3 (3.7 M values, 15 MB) with its tokenizer; returns the folder."""
    import torch
    from transformers import Sam3VideoConfig, Sam3VideoModel

    torch.manual_seed(seed)
    tracker = dict(
        model_type="sam3_tracker_video", vision_config=_vision(), **_tracker_parts(IMAGE_SIZE, 14)
    )
    config = Sam3VideoConfig(
        detector_config=_detector(), tracker_config=tracker, low_res_mask_size=32
    )
    model = Sam3VideoModel(config).eval()
    _make_objects_present(model.tracker_model)
    _make_concepts_present(model.detector_model)
    _save(model, folder)
    byte_tokenizer().save_pretrained(folder)
    write_receipt(folder, ["model.safetensors"])
    return folder


def build_tiny_sam2(folder: Path, *, seed: int = 0) -> Path:
    """Write a tiny SAM 2.1 (1.2 M values, 5 MB); returns the folder."""
    import torch
    from transformers import Sam2VideoConfig, Sam2VideoModel

    torch.manual_seed(seed)
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "image_size": [SAM2_IMAGE_SIZE, SAM2_IMAGE_SIZE],
        "hidden_size": 12,
        "num_attention_heads": 1,
        "embed_dim_per_stage": [12, 24, 48, 96],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "blocks_per_stage": [1, 2, 2, 1],
        "window_size_per_stage": [8, 4, 4, 2],
        "global_attention_blocks": [4],
        "window_positional_embedding_background_size": [2, 2],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [96, 48, 24, 12],
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        "fpn_hidden_size": _HIDDEN,
    }
    config = Sam2VideoConfig(vision_config=vision, **_tracker_parts(SAM2_IMAGE_SIZE, 16))
    model = Sam2VideoModel(config).eval()
    _make_objects_present(model)
    _save(model, folder)
    write_receipt(folder, ["model.safetensors"])
    return folder


def build_tiny_grounding_dino(folder: Path, *, seed: int = 0) -> Path:
    """Write a tiny Grounding DINO with a word-piece tokenizer of letters; returns the folder."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        SwinConfig,
    )

    letters = "abcdefghijklmnopqrstuvwxyz."
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{one}" for one in letters),
    ]
    torch.manual_seed(seed)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=len(tokens), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=64,
        ),
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        encoder_attention_heads=2, decoder_attention_heads=2, num_queries=10, fusion_dropout=0.0,
        max_text_len=64, disable_custom_kernels=True,
    )  # fmt: skip
    model = GroundingDinoForObjectDetection(config).eval()
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(tokens))
    wordpiece = BertWordPieceTokenizer(str(folder / "vocab.txt"))
    BertTokenizerFast(tokenizer_object=wordpiece._tokenizer).save_pretrained(folder)
    write_receipt(folder, ["model.safetensors"])
    return folder


def build_full_sam3(folder: Path, *, seed: int = 0) -> Path:
    """Write random weights of SAM 3's published size (859.9 M values, 3.4 GB), for benchmarks."""
    import torch
    from transformers import Sam3VideoConfig, Sam3VideoModel

    torch.manual_seed(seed)
    model = Sam3VideoModel(Sam3VideoConfig()).eval()
    _make_objects_present(model.tracker_model)
    _save(model, folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def build_full_sam2(folder: Path, *, seed: int = 0) -> Path:
    """Write random weights of SAM 2.1 tiny's published size (39 M values), for benchmarks."""
    import torch
    from transformers import Sam2VideoConfig, Sam2VideoModel

    torch.manual_seed(seed)
    model = Sam2VideoModel(Sam2VideoConfig()).eval()
    _make_objects_present(model)
    _save(model, folder)
    return folder


def _make_objects_present(tracker: Any) -> None:
    """A random model says "absent" of everything otherwise, and every mask is empty."""
    tracker.mask_decoder.pred_obj_score_head.proj_out.bias.data.fill_(10.0)


def _make_concepts_present(detector: Any) -> None:
    """Lift the scores of a random detector over the threshold, so that text finds something."""
    decoder = detector.detr_decoder
    decoder.presence_head.layer3.bias.data.fill_(6.0)
    import torch

    scale = detector.dot_product_scoring
    with torch.no_grad():
        scale.query_proj.bias.copy_(torch.full_like(scale.query_proj.bias, 1.0))
        scale.text_proj.bias.copy_(torch.full_like(scale.text_proj.bias, 1.0))


def _save(model: Any, folder: Path) -> None:
    import safetensors.torch

    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def byte_tokenizer() -> Any:
    """Return a CLIP tokenizer of single bytes, 514 tokens, made without any file."""
    from transformers import CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    characters = list(bytes_to_unicode().values())
    tokens = [
        *characters,
        *(character + "</w>" for character in characters),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    vocab = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=32)
