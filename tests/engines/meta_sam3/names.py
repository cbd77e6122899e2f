"""Which parameter of transformers' SAM 3 is which of Meta's: a table of name parts, read from both codes."""

from __future__ import annotations

import re

_VISION = [
    (r"vision_encoder\.backbone\.embeddings\.position_embeddings", "TRUNK.pos_embed"),
    (r"vision_encoder\.backbone\.embeddings\.patch_embeddings\.projection", "TRUNK.patch_embed.proj"),
    (r"vision_encoder\.backbone\.layer_norm\.", "TRUNK.ln_pre."),
    (r"vision_encoder\.backbone\.layers\.(\d+)\.layer_norm(\d)\.", r"TRUNK.blocks.\1.norm\2."),
    (r"vision_encoder\.backbone\.layers\.(\d+)\.attention\.o_proj\.", r"TRUNK.blocks.\1.attn.proj."),
    (r"vision_encoder\.backbone\.layers\.(\d+)\.attention\.([qkv])_proj\.", r"TRUNK.blocks.\1.attn.qkv[\2]."),
    (r"vision_encoder\.backbone\.layers\.(\d+)\.mlp\.", r"TRUNK.blocks.\1.mlp."),
    (r"vision_encoder\.neck\.fpn_layers\.", "backbone.vision_backbone.convs."),
    (r"^tracker_neck\.fpn_layers\.", "detector_model.backbone.vision_backbone.sam2_convs."),
    (r"convs\.0\.scale_layers\.0", "convs.0.dconv_2x2_0"),
    (r"convs\.0\.scale_layers\.2", "convs.0.dconv_2x2_1"),
    (r"convs\.1\.scale_layers\.0", "convs.1.dconv_2x2"),
    (r"(convs\.\d+)\.proj1", r"\1.conv_1x1"),
    (r"(convs\.\d+)\.proj2", r"\1.conv_3x3"),
    (r"TRUNK", "backbone.vision_backbone.trunk"),
]  # fmt: skip
_TEXT = [
    (r"text_encoder\.text_model\.", "text_encoder."),
    (r"text_encoder\.embeddings\.token_embedding", "TEXT.token_embedding"),
    (r"text_encoder\.embeddings\.position_embedding\.weight", "TEXT.positional_embedding"),
    (r"text_encoder\.final_layer_norm", "TEXT.ln_final"),
    (r"text_encoder\.text_projection\.weight", "TEXT.text_projection"),
    (r"text_encoder\.encoder\.layers\.(\d+)\.", r"TEXT.transformer.resblocks.\1."),
    (r"(TEXT.*)\.self_attn\.([qkv])_proj\.(\w+)", r"\1.attn.in_proj_\3[\2]"),
    (r"(TEXT.*)\.self_attn\.out_proj", r"\1.attn.out_proj"),
    (r"(TEXT.*)\.layer_norm(\d)", r"\1.ln_\2"),
    (r"(TEXT.*)\.mlp\.fc1", r"\1.mlp.c_fc"),
    (r"(TEXT.*)\.mlp\.fc2", r"\1.mlp.c_proj"),
    (r"detector_model\.text_projection\.", "detector_model.backbone.language_backbone.resizer."),
    (r"TEXT", "backbone.language_backbone.encoder"),
]
_ATTENTION = [
    (r"(geometry_encoder\.|detr_encoder\.|detr_decoder\.|prompt_cross_attn)(.*?)([qkv])_proj\.(\w+)", r"\1\2in_proj_\4[\3]"),
    (r"^(detector_model\..*)o_proj\.", r"\1out_proj."),
]  # fmt: skip
_DETECTOR = [
    (r"geometry_encoder\.layers\.(\d+)\.cross_attn\.", r"geometry_encoder.encode.\1.cross_attn_image."),
    (r"geometry_encoder\.layers\.", "geometry_encoder.encode."),
    (r"detr_encoder\.layers\.(\d+)\.cross_attn\.", r"transformer.encoder.layers.\1.cross_attn_image."),
    (r"detr_encoder\.", "transformer.encoder."),
    (r"((?:geometry_encoder\.encode|transformer\.encoder\.layers)\.\d+)\.layer_norm", r"\1.norm"),
    (r"geometry_encoder\.vision_layer_norm", "geometry_encoder.img_pre_norm"),
    (r"geometry_encoder\.prompt_layer_norm", "geometry_encoder.norm"),
    (r"geometry_encoder\.output_layer_norm", "geometry_encoder.encode_norm"),
    (r"detr_decoder\.", "transformer.decoder."),
    (r"decoder\.presence_head\.layer1", "decoder.presence_token_head.layers.0"),
    (r"decoder\.presence_head\.layer2", "decoder.presence_token_head.layers.1"),
    (r"decoder\.presence_head\.layer3", "decoder.presence_token_head.layers.2"),
    (r"decoder\.presence_layer_norm", "decoder.presence_token_out_norm"),
    (r"decoder\.output_layer_norm", "decoder.norm"),
    (r"decoder\.box_head\.layer1", "decoder.bbox_embed.layers.0"),
    (r"decoder\.box_head\.layer2", "decoder.bbox_embed.layers.1"),
    (r"decoder\.box_head\.layer3", "decoder.bbox_embed.layers.2"),
    (r"decoder\.(ref_point_head|box_rpb_embed_[xy])\.layer1", r"decoder.\1.layers.0"),
    (r"decoder\.(ref_point_head|box_rpb_embed_[xy])\.layer2", r"decoder.\1.layers.1"),
    (r"box_rpb_embed_", "boxRPB_embed_"),
    (r"(decoder\.layers\.\d+)\.text_cross_attn\.", r"\1.ca_text."),
    (r"(decoder\.layers\.\d+)\.vision_cross_attn\.", r"\1.cross_attn."),
    (r"(decoder\.layers\.\d+)\.vision_cross_attn_layer_norm", r"\1.norm1"),
    (r"(decoder\.layers\.\d+)\.text_cross_attn_layer_norm", r"\1.catext_norm"),
    (r"(decoder\.layers\.\d+)\.self_attn_layer_norm", r"\1.norm2"),
    (r"(decoder\.layers\.\d+)\.mlp_layer_norm", r"\1.norm3"),
    (r"((?:encode|layers)\.\d+)\.mlp\.fc1", r"\1.linear1"),
    (r"((?:encode|layers)\.\d+)\.mlp\.fc2", r"\1.linear2"),
    (r"dot_product_scoring\.text_mlp\.layer1", "dot_prod_scoring.prompt_mlp.layers.0"),
    (r"dot_product_scoring\.text_mlp\.layer2", "dot_prod_scoring.prompt_mlp.layers.1"),
    (r"dot_product_scoring\.text_mlp_out_norm", "dot_prod_scoring.prompt_mlp.out_norm"),
    (r"dot_product_scoring\.text_proj", "dot_prod_scoring.prompt_proj"),
    (r"dot_product_scoring\.query_proj", "dot_prod_scoring.hs_proj"),
    (r"mask_decoder\.mask_embedder\.", "segmentation_head.mask_predictor.mask_embed."),
    (r"mask_decoder\.instance_projection", "segmentation_head.instance_seg_head"),
    (r"mask_decoder\.semantic_projection", "segmentation_head.semantic_seg_head"),
    (r"mask_decoder\.prompt_cross_attn_norm", "segmentation_head.cross_attn_norm"),
    (r"mask_decoder\.prompt_cross_attn\.", "segmentation_head.cross_attend_prompt."),
    (r"mask_decoder\.pixel_decoder", "segmentation_head.pixel_decoder"),
]  # fmt: skip
_TRACKER = [
    (r"memory_attention\.", "transformer.encoder."),
    (r"(memory_encoder\.mask_downsampler)\.layers\.(\d)\.conv", lambda m: f"{m[1]}.encoder.{3 * int(m[2])}"),
    (r"(memory_encoder\.mask_downsampler)\.layers\.(\d)\.layer_norm", lambda m: f"{m[1]}.encoder.{3 * int(m[2]) + 1}"),
    (r"mask_downsampler\.final_conv", "mask_downsampler.encoder.12"),
    (r"memory_encoder\.projection", "memory_encoder.out_proj"),
    (r"memory_encoder\.feature_projection", "memory_encoder.pix_feat_proj"),
    (r"memory_encoder\.memory_fuser", "memory_encoder.fuser"),
    (r"depthwise_conv", "dwconv"),
    (r"pointwise_conv", "pwconv"),
    (r"\.scale$", ".gamma"),
    (r"memory_encoder\.", "maskmem_backbone."),
    (r"memory_temporal_positional_encoding", "maskmem_tpos_enc"),
    (r"temporal_positional_encoding_projection_layer", "obj_ptr_tpos_proj"),
    (r"occlusion_spatial_embedding_parameter", "no_obj_embed_spatial"),
    (r"no_memory_embedding", "no_mem_embed"),
    (r"no_memory_positional_encoding", "no_mem_pos_enc"),
    (r"no_object_pointer", "no_obj_ptr"),
    (r"object_pointer_proj\.", "obj_ptr_proj."),
    (r"(iou_prediction_head|pred_obj_score_head|obj_ptr_proj|output_hypernetworks_mlps\.\d+)\.layers\.0", r"\1.layers.1"),
    (r"(iou_prediction_head|pred_obj_score_head|obj_ptr_proj|output_hypernetworks_mlps\.\d+)\.proj_in", r"\1.layers.0"),
    (r"(iou_prediction_head|pred_obj_score_head|obj_ptr_proj|output_hypernetworks_mlps\.\d+)\.proj_out", r"\1.layers.2"),
    (r"mask_decoder\.upscale_conv1", "mask_decoder.output_upscaling.0"),
    (r"mask_decoder\.upscale_layer_norm", "mask_decoder.output_upscaling.1"),
    (r"mask_decoder\.upscale_conv2", "mask_decoder.output_upscaling.3"),
    (r"mask_embed\.conv1", "mask_downscaling.0"),
    (r"mask_embed\.layer_norm1", "mask_downscaling.1"),
    (r"mask_embed\.conv2", "mask_downscaling.3"),
    (r"mask_embed\.layer_norm2", "mask_downscaling.4"),
    (r"mask_embed\.conv3", "mask_downscaling.6"),
    (r"(mask_decoder\.transformer\.layers\.\d+\.mlp)\.proj_in", r"\1.lin1"),
    (r"(mask_decoder\.transformer\.layers\.\d+\.mlp)\.proj_out", r"\1.lin2"),
    (r"(?<!a_)point_embed\.weight", "point_embeddings"),
    (r"prompt_encoder\.point_embed\.", "prompt_encoder.point_embeddings."),
    (r"prompt_encoder\.shared_embedding\.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"prompt_encoder\.", "sam_prompt_encoder."),
    (r"mask_decoder\.", "sam_mask_decoder."),
    (r"o_proj\.", "out_proj."),
    (r"((?:transformer\.encoder|fuser)\.layers\.\d+)\.layer_norm", r"\1.norm"),
    (r"encoder\.layer_norm", "encoder.norm"),
    (r"(sam_mask_decoder\.transformer.*)layer_norm", r"\1norm"),
]  # fmt: skip


def meta_name(name: str) -> tuple[str, str]:
    """Return Meta's name of a parameter, and "q", "k" or "v" where it is a third of one tensor."""
    parts = (
        _TRACKER
        if name.startswith("tracker_model.")
        else [*_VISION, *_TEXT, *_ATTENTION, *_DETECTOR]
    )
    for pattern, replacement in parts:
        name = re.sub(pattern, replacement, name)
    third = re.search(r"\[([qkv])\]", name)
    return re.sub(r"\[[qkv]\]", "", name), third[1] if third else ""
