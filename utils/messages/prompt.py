"""Texts about prompts and masks."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "prompt.empty": Text(
        en="Nothing is selected yet. Click the target, draw a box around it, or give a mask.",
        zh="尚未选择目标。请点击目标、用框圈出目标，或提供蒙版。",
    ),
    "prompt.text_unsupported": Text(
        en="{name} can't find things by text. Click the target or draw a box around it instead, "
        "or install SAM 3.",
        zh="{name} 不支持文字查找。请改为点击目标或用框圈出目标，或安装 SAM 3。",
    ),
    "prompt.sky_unsupported": Text(
        en="No engine that finds things by text is installed, so the sky can't be found by itself. "
        "Click the sky on frame {frame}, then start: the picture replaces what is marked.",
        zh="未安装支持文字查找的引擎，无法自动识别天空。请在第 {frame} 帧上点击天空，然后开始：图片将替换所标记的区域。",
    ),
    "prompt.sky_not_found": Text(
        en="No sky was found on frame {frame}. Go to a frame that shows it, or click the sky, then start: "
        "the picture replaces what is marked.",
        zh="第 {frame} 帧上未找到天空。请转到有天空的帧，或直接点击天空，然后开始：图片将替换所标记的区域。",
    ),
    "prompt.sky_needs_mark": Text(
        en="No engine that finds things by text is installed, so the sky can't be found by itself. "
        "Add --point X,Y on the sky, or --mask, or install SAM 3.",
        zh="未安装支持文字查找的引擎，无法自动识别天空。请用 --point X,Y 指定天空，或提供 --mask，或安装 SAM 3。",
    ),
    "prompt.exemplars_unsupported": Text(
        en="{name} can't search for everything that looks like a box. Draw a box around one target, "
        "or install SAM 3.",
        zh="{name} 不支持按示例框查找同类目标。请用框圈出单个目标，或安装 SAM 3。",
    ),
    "prompt.no_main_object": Text(
        en="No main object was found on this frame. Click the target, draw a box around it, or give a mask.",
        zh="此帧上未找到主体。请点击目标、用框圈出目标，或提供蒙版。",
    ),
    "prompt.no_source_alpha": Text(
        en="The clip has no transparency of its own. Click the target, draw a box around it, or give a mask.",
        zh="该视频没有自带的 Alpha 通道。请点击目标、用框圈出目标，或提供蒙版。",
    ),
    "prompt.selects_alone": Text(
        en="{option} selects by itself: leave out {others}.",
        zh="{option} 会自行选择目标：请勿同时使用 {others:、}。",
    ),
    "prompt.no_positive": Text(
        en="There are only negative clicks. Add a click on the target, or draw a box around it.",
        zh="目前只有排除点。请在目标上点击一次，或用框圈出目标。",
    ),
    "prompt.point_outside": Text(
        en="The click at ({x}, {y}) is outside the picture of {width}x{height} pixels. "
        "Click inside the picture.",
        zh="点击位置 ({x}, {y}) 超出了 {width}x{height} 像素的画面。请在画面内点击。",
    ),
    "prompt.box_outside": Text(
        en="The box lies outside the picture of {width}x{height} pixels. Draw it over the target.",
        zh="选框位于 {width}x{height} 像素的画面之外。请在目标周围画框。",
    ),
    "prompt.box_small": Text(
        en="The box is {box_width}x{box_height} pixels; it must be at least {minimum} pixels wide and high. "
        "Draw a larger box around the target.",
        zh="选框只有 {box_width}x{box_height} 像素，宽和高至少要 {minimum} 像素。请画一个更大的框。",
    ),
    "prompt.mask_empty": Text(
        en="The mask of frame {frame} selects nothing. Select the target, then try again.",
        zh="第 {frame} 帧的蒙版没有选中任何内容。请选择目标后重试。",
    ),
    "prompt.all_erased": Text(
        en="The brush strokes leave nothing selected. Undo the last one, or add to the mask.",
        zh="画笔操作后蒙版为空。请撤销上一步，或用画笔添加。",
    ),
    "prompt.mask_full": Text(
        en="The mask of frame {frame} covers the whole picture, so there is no background to remove. "
        "Select only the target.",
        zh="第 {frame} 帧的蒙版覆盖了整个画面，没有可去除的背景。请只选择目标。",
    ),
    "prompt.mask_size": Text(
        en="The mask is {mask_width}x{mask_height} pixels, the clip {width}x{height}. "
        "Give a mask of the clip's own size.",
        zh="蒙版为 {mask_width}x{mask_height} 像素，视频为 {width}x{height}。请提供与视频同尺寸的蒙版。",
    ),
    "prompt.mask_turned": Text(
        en="The mask is {mask_width}x{mask_height} pixels, but the clip is shown turned, as {width}x{height}. "
        "Turn the mask as the clip is shown.",
        zh="蒙版为 {mask_width}x{mask_height} 像素，但视频旋转后显示为 {width}x{height}。请按视频的显示方向旋转蒙版。",
    ),
    "prompt.mask_values": Text(
        en="The mask holds the values {values}, so it is not clear which is the target. Paint the target "
        "white (255) and everything else black (0).",
        zh="蒙版中的数值为 {values:、}，无法判断哪一个是目标。请将目标涂成白色（255），其余涂成黑色（0）。",
    ),
    "prompt.mask_colours": Text(
        en="The mask holds {colours} colours ({values}), so it is not clear which is the target. Paint the "
        "target white and everything else black.",
        zh="蒙版中有 {colours} 种颜色（{values:、}），无法判断哪一种是目标。请将目标涂成白色，其余涂成黑色。",
    ),
    "prompt.mask_missing": Text(
        en="Frame {frame} has no mask to start from. Select the target on that frame first.",
        zh="第 {frame} 帧没有可用的起始蒙版。请先在该帧选择目标。",
    ),
    "prompt.text_not_english": Text(
        en="“{text}” is not English, which is all the model reads. Use a short English noun phrase, "
        "such as “person in red”.",
        zh="模型只能理解英文，无法使用“{text}”。请改用简短的英文名词短语，例如“person in red”。",
    ),
    "prompt.text_long": Text(
        en="The text has {tokens} tokens; the model reads at most {limit}. Use a short noun phrase, "
        "such as “person in red”.",
        zh="文字有 {tokens} 个词元，模型最多读取 {limit} 个。请改用简短的名词短语，例如“person in red”。",
    ),
    "prompt.nothing_found": Text(
        en="Nothing stands out there. Click the middle of the target, or draw a box around it.",
        zh="该位置没有明显的目标。请点击目标中心，或用框圈出目标。",
    ),
    "prompt.mask_alone": Text(
        en="Give either a mask, or text, clicks and a box; not both.",
        zh="请只提供蒙版，或只提供文字、点击和选框，二者不能同时使用。",
    ),
    "prompt.none_given": Text(
        en="Mark the target with one of these: {options}.",
        zh="请用以下选项之一指定目标：{options:、}。",
    ),
    "prompt.everyone_alone": Text(
        en="--everyone keeps everybody, so it can't be used with --mask, --text, --point or --box.",
        zh="--everyone 会保留所有人，不能与 --mask、--text、--point 或 --box 同时使用。",
    ),
    "prompt.mask_no_file": Text(
        en="There is no such mask file. Check the path.", zh="找不到该蒙版文件，请检查路径。"
    ),
    "prompt.mask_unreadable": Text(
        en="The mask is not a readable PNG. Give a PNG of the clip's size, white where the target is.",
        zh="无法读取该蒙版。请提供与视频同尺寸的 PNG，目标区域为白色。",
    ),
    "prompt.mask_other_kind": Text(
        en="The mask is a file of the type {kind}. Save it as a PNG of the clip's size, white where the target is.",
        zh="蒙版是 {kind} 格式的文件。请另存为与视频同尺寸的 PNG，目标区域为白色。",
    ),
    "prompt.mask_text": Text(
        en="The mask is a text file, such as outlines in JSON or SVG. Export it as a PNG of the clip's size, white where "
        "the target is.",
        zh="蒙版是文本文件，例如 JSON 或 SVG 轮廓。请导出为与视频同尺寸的 PNG，目标区域为白色。",
    ),
    "prompt.mask_stretched": Text(
        en="The mask of {mask_width}x{mask_height} pixels was stretched to the clip's {width}x{height}: the clip "
        "was stretched to whole coding blocks when it was made.",
        zh="蒙版已由 {mask_width}x{mask_height} 拉伸到视频的 {width}x{height} 像素：该视频在生成时被拉伸到了完整的编码块。",
    ),
}
