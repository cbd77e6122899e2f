"""Texts about engines, weights and the GPU."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "engine.option_unknown": Text(
        en="The engine has no option “{name}”. It has: {known}.",
        zh="该引擎没有“{name}”这个选项。可用选项：{known}。",
    ),
    "engine.option_range": Text(
        en="Option “{name}” can't be {value}. Allowed: {allowed}.",
        zh="选项“{name}”不能取 {value}。允许的范围：{allowed}。",
    ),
    "engine.unavailable": Text(
        en="{name} can't run here: {missing} is missing. Get it with: {command}",
        zh="{name} 目前无法使用：缺少{missing}。安装命令：{command}",
    ),
    "engine.unknown": Text(
        en="There is no engine “{name}”. Engines: {known}.",
        zh="没有名为“{name}”的引擎。可用引擎：{known}。",
    ),
    "engine.cannot_segment": Text(
        en="{name} can't select a target. Choose a segmentation engine in the settings.",
        zh="{name} 不能用于选择目标。请在设置中选择分割引擎。",
    ),
    "engine.cannot_matte": Text(
        en="{name} can't make mattes. Choose one of: {known}.",
        zh="{name} 不能用于抠图。请选择：{known}。",
    ),
    "engine.no_gpu_memory": Text(
        en="The GPU has too little free memory for {name}: it needs {needed_mb} MB, {free_mb} MB are free. "
        "Wait for other work to end, or choose a smaller size.",
        zh="显存不足：{name} 需要 {needed_mb} MB，当前可用 {free_mb} MB。请等待其他任务结束，或选择更小的处理尺寸。",
    ),
    "engine.gpu_unhealthy": Text(
        en="The GPU stopped answering properly. Ask the admin to restart SplazMatte; your files are kept.",
        zh="显卡运行异常，请联系管理员重启 SplazMatte；您的文件都已保留。",
    ),
    "engine.files_damaged": Text(
        en="The model file {file} is damaged or of another model ({problem}). Fetch it again with: {command}",
        zh="模型文件 {file} 已损坏或不匹配（{problem}）。重新下载：{command}",
    ),
    "engine.files_missing": Text(
        en="The model file {file} is missing. Get it with: {command}",
        zh="缺少模型文件 {file}。下载命令：{command}",
    ),
    "engine.bad_alpha": Text(
        en="{name} gave an unusable result at frame {frame} ({problem}). Nothing was written; run it again or choose another engine.",
        zh="{name} 在第 {frame} 帧的结果无效（{problem}）。未写入任何文件；请重试或更换引擎。",
    ),
    "engine.mask_missing": Text(
        en="Frame {frame} has no mask. Select the target again, then start.",
        zh="第 {frame} 帧没有遮罩。请重新选择目标后再开始。",
    ),
    "engine.no_cuda": Text(
        en="A GPU is demanded (SPLAZMATTE_DEVICE=cuda), but PyTorch can't reach one. Install the NVIDIA driver and "
        "PyTorch for CUDA with: bash scripts/setup_env.sh --cuda; or set SPLAZMATTE_DEVICE=auto.",
        zh="设置要求使用显卡（SPLAZMATTE_DEVICE=cuda），但 PyTorch 无法访问显卡。请安装 NVIDIA 驱动和 CUDA 版 PyTorch："
        "bash scripts/setup_env.sh --cuda；或改为 SPLAZMATTE_DEVICE=auto。",
    ),
    "engine.no_memory": Text(
        en="This machine has too little free memory for {name}: it needs {needed_mb} MB, {free_mb} MB are free. "
        "Close other programs, or choose a smaller size or another engine.",
        zh="内存不足：{name} 需要 {needed_mb} MB，当前可用 {free_mb} MB。请关闭其他程序，或选择更小的尺寸或其他引擎。",
    ),
    "engine.no_smaller": Text(
        en="The GPU's memory is too small for {name}, also at its next smaller size. "
        "Wait for other work to end, use a smaller clip, or choose another engine.",
        zh="显存不足：{name} 降到更小的处理尺寸后仍然放不下。请等待其他任务结束、使用更小的视频，或更换引擎。",
    ),
    "engine.smaller": Text(
        en="Not enough GPU memory for {name} at {wanted}; this run continues at {used}.",
        zh="显存不足以让 {name} 以 {wanted} 运行；本次改用 {used} 继续。",
    ),
    "engine.closing": Text(
        en="SplazMatte is stopping. Start it again, then repeat the step; your files are kept.",
        zh="SplazMatte 正在停止。请重新启动后再操作；您的文件都已保留。",
    ),
    "engine.requirement_packages": Text(en="Python packages {names}", zh="Python 包 {names}"),
    "engine.requirement_weights": Text(en="weights {names}", zh="模型权重 {names}"),
    "engine.requirement_gpu": Text(en="an NVIDIA GPU", zh="NVIDIA 显卡"),
    "engine.builtin.label": Text(en="Built-in", zh="内置引擎"),
    "engine.builtin.description": Text(
        en="Any subject, no GPU and no weights: follows the target and cuts it out on the CPU.",
        zh="任意目标，无需显卡和模型权重：在 CPU 上跟踪并抠出目标。",
    ),
}
