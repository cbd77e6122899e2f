"""Texts about the networks in ONNX files."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "engine.onnx.no_openvino": Text(
        en="SPLAZMATTE_ONNX_RUNTIME=openvino asks for OpenVINO, which is not installed. Install it with: bash "
        "scripts/setup_env.sh; or set SPLAZMATTE_ONNX_RUNTIME=auto.",
        zh="设置要求使用 OpenVINO（SPLAZMATTE_ONNX_RUNTIME=openvino），但尚未安装。请运行：bash scripts/setup_env.sh；"
        "或改为 SPLAZMATTE_ONNX_RUNTIME=auto。",
    ),
    "engine.onnx.no_cuda": Text(
        en="ONNX Runtime was asked to use the GPU and got {provider} instead, so this job runs on the CPU. "
        "Install the GPU build with: bash scripts/setup_env.sh",
        zh="已要求 ONNX Runtime 使用显卡，实际得到的是 {provider}，本次任务在 CPU 上运行。安装 GPU 版：bash scripts/setup_env.sh",
    ),
    "engine.on_gpu": Text(en="Runs on the GPU.", zh="在显卡上运行。"),
    "engine.on_cpu": Text(en="Runs on the CPU.", zh="在 CPU 上运行。"),
    "engine.licence_clean": Text(
        en="Licence: {licence}; commercial-clean.", zh="许可证：{licence}；可商用。"
    ),
    "engine.licence_restricted": Text(
        en="Licence: {licence}; not for commercial use.", zh="许可证：{licence}；不可商用。"
    ),
    "engine.frame_model.label": Text(en="{name}", zh="{name}"),
    "engine.frame_model.description": Text(
        en="Finds the main object of each frame by itself; with a mark only the marked object is kept. Its alpha is smoothed along the motion.",
        zh="自动找出每帧中的主要对象；有标记时只保留所选对象。Alpha 通道沿运动方向平滑。",
    ),
    "engine.clean_plate.description": Text(
        en="Sees the scene without the target too (a clean plate: your picture, or the clip's temporal median). For "
        "a steady camera; fine edges, also of objects held in a hand.",
        zh="同时参考没有目标的画面（干净背景板：上传的图片，或视频的时间中位数）。适合固定机位；边缘精细，手持物也能保留。",
    ),
    "engine.filled": Text(
        en="One frame in {every} was matted; the others were filled in from the matted ones. To test that, matted "
        "frames were filled in from those {every} before and after them: they overlap their own mattes by {mean} "
        "% on average and {least} % at worst. The other frames lie nearer to matted ones and lose about two to "
        "four fifths as much.",
        zh="每 {every} 帧抠一帧。按同样方法由前后各 {every} 帧推算已抠的帧，与其自身遮罩平均重合 {mean}%，最低 {least}%；"
        "中间帧距离更近，损失约为其四成到八成。",
    ),
    "engine.no_clean_plate": Text(
        en="{name} needs the scene without the target: upload a clean plate (--clean-plate), or mark the target, so that the plate can be taken from the clip.",
        zh="{name} 需要没有目标的画面：请上传干净背景板，或标记目标，以便从视频中提取。",
        page_en="{name} needs the scene without the target: upload a clean plate, or mark the target, so that the plate can be "
        "taken from the clip.",
    ),
    "engine.frame_too_small": Text(
        en="{name} takes frames of at least {pixels} pixels. Choose another engine for this clip.",
        zh="{name} 要求每帧至少 {pixels} 个像素。请为该视频选择其他引擎。",
    ),
    "engine.clean_plate_covered": Text(
        en="The target always hides {percent} % of the picture: the clean plate is estimated there. A picture without the target is better.",
        zh="画面中有 {percent}% 始终被目标遮挡，该处的干净背景板为推测结果。上传没有目标的图片效果更好。",
    ),
    "engine.clean_plate_misfit": Text(
        en="The clean plate doesn't fit the clip: the camera moves, or the light changed. Another engine does better here.",
        zh="干净背景板与视频不符：机位有移动或光线有变化。建议改用其他引擎。",
    ),
    "engine.rvm.label": Text(en="Robust Video Matting", zh="Robust Video Matting（RVM）"),
    "engine.rvm.description": Text(
        en="People, on any machine: clean hands, hair and motion blur; with a mark only that person, without one everybody.",
        zh="人物，任何机器都能用：手部、发丝和运动模糊干净自然；有标记时只保留所选人物，无标记时保留画面中所有人。",
    ),
    "engine.rvm.nobody": Text(
        en="Robust Video Matting: no person was found; try another engine.",
        zh="Robust Video Matting：没有找到人物，请换用其他引擎。",
    ),
    "engine.rvm.agrees": Text(
        en="Chosen by itself: {name}, because it finds the marked person ({recall} % of the mask, {overlap} % overlap).",
        zh="自动选择：{name}，因为它能找到所标记的人物（覆盖蒙版 {recall}%，重合 {overlap}%）。",
    ),
    "engine.rvm.disagrees": Text(
        en="{name} was not chosen: what it finds isn't the marked target ({recall} % of the mask, {overlap} % overlap).",
        zh="未使用 {name}：它找到的不是所标记的目标（覆盖蒙版 {recall}%，重合 {overlap}%）。",
    ),
    "engine.not_in_rembg": Text(
        en="rembg does not have {name}: switch as_rembg off, or choose a network that it has.",
        zh="rembg 中没有 {name}：请关闭“与 rembg 相同”（as_rembg），或选择 rembg 已有的网络。",
    ),
    "engine.not_compared": Text(
        en="{name} was not chosen: {said}",
        zh="未使用 {name}：{said}",
    ),
    "engine.rvm.merges": Text(
        en="{name} was not chosen: it mattes others around the marked person together with that person.",
        zh="未使用 {name}：它把所标记人物周围的他人也一并抠出。",
    ),
}
