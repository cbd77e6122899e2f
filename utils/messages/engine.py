"""Texts about engines, weights and the GPU."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "engine.option_unknown": Text(
        en="The engine has no option “{name}”. It has: {known}.",
        zh="该引擎没有“{name}”这个选项。可用选项：{known:、}。",
    ),
    "engine.option_range": Text(
        en="Option “{name}” can't be {value}. Allowed: {allowed}.",
        zh="选项“{name}”不能取 {value}。允许的范围：{allowed:、}。",
    ),
    "engine.unavailable": Text(
        en="{name} can't run here. Missing: {missing}. Get it with: {command}",
        zh="{name} 目前无法使用：缺少{missing}。安装命令：{command}",
    ),
    "engine.unknown": Text(
        en="There is no engine “{name}”. Engines: {known}.",
        zh="没有名为“{name}”的引擎。可用引擎：{known:、}。",
    ),
    "engine.no_foreground_network": Text(
        en="No foreground network is installed. Get one: bash scripts/download_models.sh isnet-general-use",
        zh="未安装前景网络。安装命令：bash scripts/download_models.sh isnet-general-use",
    ),
    "engine.not_a_foreground_network": Text(
        en="“{name}” finds no foreground by itself: set SPLAZMATTE_FOREGROUND_NETWORK to auto, off or a frame"
        " model such as isnet-general-use.",
        zh="“{name}”不是前景网络：请将 SPLAZMATTE_FOREGROUND_NETWORK 设为 auto、off 或 isnet-general-use 等模型。",
    ),
    "engine.marked_without_network": Text(
        en="Marks are answered without the foreground network of the settings. {reason}",
        zh="目前选择目标时不使用设置中的前景网络。{reason}",
    ),
    "engine.foreground_failed": Text(
        en="The foreground network {name} failed ({reason}); the job went on without it.",
        zh="前景网络 {name} 出错（{reason}），任务已跳过该网络继续运行。",
    ),
    "engine.cannot_segment": Text(
        en="{name} can't select a target. Choose a segmentation engine in the settings.",
        zh="{name} 不能用于选择目标。请在设置中选择其他查找目标的引擎。",
    ),
    "engine.cannot_matte": Text(
        en="{name} can't make mattes. Choose one of: {known}.",
        zh="{name} 不能用于抠图。请选择：{known:、}。",
    ),
    "engine.needs_mark": Text(
        en="{name} can't matte without a mark on the target. Select the target, or use an engine that finds people "
        "by itself: {known}.",
        zh="{name} 需要先标记目标才能抠图。请选择目标，或改用能自动识别人物的引擎：{known:、}。",
    ),
    "engine.everyone_none": Text(
        en="No engine here finds people by itself. Select the target: click it, draw a box around it, or give a mask.",
        zh="没有能自动识别人物的引擎。请先选择目标：点击、框选，或提供蒙版。",
    ),
    "engine.preferred_on_gpu": Text(
        en="Chosen by itself: {name}, the preferred one of the engines that are ready here for a marked target on a GPU.",
        zh="自动选择：{name}。用显卡处理已标记的目标时，它是本机可用引擎中的首选。",
    ),
    "engine.preferred_on_cpu": Text(
        en="Chosen by itself: {name}, the preferred one of the engines that are ready here for a marked target on a CPU.",
        zh="自动选择：{name}。用 CPU 处理已标记的目标时，它是本机可用引擎中的首选。",
    ),
    "engine.chosen_instead": Text(
        en="Chosen by itself: {name}. {said}",
        zh="自动选择：{name}。{said}",
    ),
    "engine.finds_everyone": Text(
        en="Chosen by itself: {name}, because nobody is marked and it finds people by itself.",
        zh="自动选择：{name}，因为没有标记，而它能自动识别画面中的人物。",
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
        en="The model file {file} is damaged or belongs to another model ({problem}). Fetch it again with: {command}",
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
        zh="第 {frame} 帧没有蒙版。请重新选择目标后再开始。",
    ),
    "engine.no_cuda": Text(
        en="SPLAZMATTE_DEVICE=cuda asks for a GPU, but PyTorch can't reach one. Install the NVIDIA driver and "
        "PyTorch for CUDA with: bash scripts/setup_env.sh --models; or set SPLAZMATTE_DEVICE=auto.",
        zh="设置要求使用显卡（SPLAZMATTE_DEVICE=cuda），但 PyTorch 无法访问显卡。请安装 NVIDIA 驱动和 CUDA 版 PyTorch："
        "bash scripts/setup_env.sh --models；或改为 SPLAZMATTE_DEVICE=auto。",
    ),
    "engine.cuda_unusable": Text(
        en="There is an NVIDIA GPU, but this PyTorch can't use it: {problem}. {advice} To work on the CPU "
        "instead, set SPLAZMATTE_DEVICE=cpu.",
        zh="检测到 NVIDIA 显卡，但当前的 PyTorch 无法使用：{problem}。{advice} 如要改用 CPU，请设置 SPLAZMATTE_DEVICE=cpu。",
    ),
    "engine.cuda_old_driver": Text(
        en="Update the NVIDIA driver to one that supports CUDA {wanted} (now {driver}), or install PyTorch for "
        "an older CUDA: SPLAZMATTE_TORCH_INDEX=<index> bash scripts/setup_env.sh --models.",
        zh="请将 NVIDIA 驱动更新到支持 CUDA {wanted} 的版本（当前 {driver}），或安装面向较旧 CUDA 的 PyTorch："
        "SPLAZMATTE_TORCH_INDEX=<源地址> bash scripts/setup_env.sh --models。",
    ),
    "engine.cuda_cpu_torch": Text(
        en="Install PyTorch for CUDA: SPLAZMATTE_TORCH_INDEX=<index> bash scripts/setup_env.sh --models.",
        zh="请安装 CUDA 版 PyTorch：SPLAZMATTE_TORCH_INDEX=<源地址> bash scripts/setup_env.sh --models。",
    ),
    "engine.doctor_problems": Text(
        en="{count:thing needs|things need} attention; what to do is said above, below each of them.",
        zh="有 {count} 项需要处理，处理方法见上面各项下方。",
    ),
    "engine.no_memory": Text(
        en="This machine has too little free memory for {name}: it needs {needed_mb} MB, {free_mb} MB are free. "
        "Close other programs, or choose a smaller size or another engine.",
        zh="内存不足：{name} 需要 {needed_mb} MB，当前可用 {free_mb} MB。请关闭其他程序，或选择更小的尺寸或其他引擎。",
    ),
    "engine.no_smaller": Text(
        en="There is too little memory for {name}, also at its smallest size. "
        "Wait for other work to end, use a smaller clip, or choose another engine.",
        zh="内存（或显存）不足：{name} 降到最小的处理尺寸后仍然放不下。请等待其他任务结束、使用更小的视频，或更换引擎。",
    ),
    "engine.smaller": Text(
        en="Not enough memory for {name} at {wanted}; this run continues at {used}.",
        zh="内存（或显存）不足以让 {name} 以 {wanted} 运行；本次改用 {used} 继续。",
    ),
    "engine.closing": Text(
        en="SplazMatte is stopping. Start it again, then repeat the step; your files are kept.",
        zh="SplazMatte 正在停止。请重新启动后再操作；您的文件都已保留。",
    ),
    "engine.sam3.label": Text(en="SAM 3", zh="SAM 3"),
    "engine.sam3.description": Text(
        en="Finds targets by text, examples, clicks or a box, and follows them through the clip; needs gated weights "
        "and is slow without a GPU (about 40 s a picture).",
        zh="支持文字、示例、点击或框选查找目标，并在整段视频中跟踪；权重需申请授权，没有显卡时很慢（约 40 秒一帧）。",
    ),
    "engine.sam2.label": Text(en="SAM 2.1 (tiny)", zh="SAM 2.1（tiny）"),
    "engine.sam2.label_text": Text(
        en="SAM 2.1 (tiny), text by Grounding DINO",
        zh="SAM 2.1（tiny），文字由 Grounding DINO 识别",
    ),
    "engine.sam2.description": Text(
        en="Finds targets by clicks or a box and follows them through the clip; free weights, works on a CPU "
        "(about 5 s a frame). Text with the weights grounding-dino.",
        zh="支持点击或框选查找目标，并在整段视频中跟踪；权重免费，可在 CPU 上运行（约 5 秒一帧）。"
        "安装 grounding-dino 权重后支持文字。",
    ),
    "engine.sam2_large.label": Text(en="SAM 2.1 (large)", zh="SAM 2.1（large）"),
    "engine.sam2_large.label_text": Text(
        en="SAM 2.1 (large), text by Grounding DINO",
        zh="SAM 2.1（large），文字由 Grounding DINO 识别",
    ),
    "engine.sam2_large.description": Text(
        en="As SAM 2.1 tiny, with better masks; free weights, for a GPU. Text with the weights grounding-dino.",
        zh="与 SAM 2.1 tiny 相同，蒙版质量更好；权重免费，适合显卡。安装 grounding-dino 权重后支持文字。",
    ),
    "engine.gated": Text(
        en="{name} is gated: the hub refused access to {repo}. Ask for access on https://huggingface.co/{repo}, "
        "wait for approval, make a read token and run: hf auth login. SAM 2.1 needs no approval: "
        "bash scripts/download_models.sh sam2",
        zh="{name} 需要授权：平台拒绝访问 {repo}。请在 https://huggingface.co/{repo} 申请，获批后创建只读令牌并运行：hf auth login。"
        "SAM 2.1 无需申请：bash scripts/download_models.sh sam2",
    ),
    "engine.hub_unreachable": Text(
        en="The model {repo} could not be fetched from the hub. Check the network, or fetch it on another machine with: {command}",
        zh="无法从平台获取模型 {repo}。请检查网络，或在其他机器上下载：{command}",
    ),
    "engine.translation_missing": Text(
        en="“{text}” is Chinese and not in the built-in word list, and the translation model is not installed. "
        "Write it in English, or get the model with: {command}",
        zh="内置词表没有“{text}”，且翻译模型未安装。请改用英文，或运行：{command}",
    ),
    "track.scene_cut": Text(
        en="A new scene begins at frame {frame}. Check the mask there, and correct it if the target was lost.",
        zh="第 {frame} 帧开始了新的镜头。请检查该处的蒙版，如目标丢失请修正。",
    ),
    "engine.requirement_packages": Text(en="Python packages {names}", zh="Python 包 {names:、}"),
    "engine.requirement_weights": Text(en="weights {names}", zh="模型权重 {names:、}"),
    "engine.builtin.label": Text(en="Built-in", zh="内置引擎"),
    "engine.builtin.description": Text(
        en="Any subject, no GPU and no weights: follows the target and cuts it out.",
        zh="任意目标，无需显卡和模型权重：跟踪目标并抠像。",
    ),
    "engine.matanyone.label": Text(en="MatAnyone", zh="MatAnyone"),
    "engine.matanyone.description": Text(
        en="People: hair and motion blur from one mask; about 0.1 s a frame on a GPU, several seconds on a CPU.",
        zh="人物：只需一帧蒙版即可处理发丝与运动模糊；GPU 约 0.1 秒/帧，CPU 每帧需数秒。",
    ),
    "engine.matanyone.processing_size": Text(
        en="MatAnyone runs at a short side of {used} px and the alpha is scaled to {full} px. "
        "For finer edges choose a larger processing size.",
        zh="MatAnyone 以短边 {used} 像素处理，遮罩再放大到 {full} 像素。如需更精细的边缘，请选择更大的处理尺寸。",
    ),
    "engine.matanyone.crop": Text(
        en="MatAnyone computes on the target's part of the picture: {width}x{height} px, {percent} % of it.",
        zh="MatAnyone 仅处理目标所在区域：{width}x{height} 像素，占画面的 {percent}%。",
    ),
    "engine.matanyone.no_graphs": Text(
        en="MatAnyone runs without CUDA graphs: {reason}. Its result is the same.",
        zh="MatAnyone 未使用 CUDA 图运行：{reason}。结果不变。",
    ),
    "engine.matanyone.eroded": Text(
        en="The mask of frame {frame} vanishes when it is shrunk by {erode} pixels. "
        "Choose a smaller value for shrinking, or a larger target.",
        zh="第 {frame} 帧的蒙版在腐蚀 {erode} 像素后消失。请减小腐蚀值，或选择更大的目标。",
    ),
    "engine.videomama.label": Text(en="VideoMaMa", zh="VideoMaMa"),
    "engine.videomama.description": Text(
        en="Any subject, the finest edges, slow: needs an NVIDIA GPU and a mask on every frame.",
        zh="任意目标，边缘最精细，但速度慢：需要 NVIDIA 显卡和逐帧蒙版。",
    ),
    "engine.videomama.requirement_gpu": Text(
        en="an NVIDIA GPU (SPLAZMATTE_ALLOW_SLOW_CPU=1 does without, at about {minutes:minute|minutes} a frame here)",
        zh="NVIDIA 显卡（设置 SPLAZMATTE_ALLOW_SLOW_CPU=1 可不用显卡，但本机每帧约需 {minutes} 分钟）",
    ),
    "engine.videomama.needs_gpu": Text(
        en="VideoMaMa needs an NVIDIA GPU. On this CPU a frame of 1024x576 would take about {minutes:minute|minutes}, "
        "10 seconds of video about {hours:hour|hours}. Choose another engine, or set SPLAZMATTE_ALLOW_SLOW_CPU=1.",
        zh="VideoMaMa 需要 NVIDIA 显卡。用此 CPU 处理一帧 1024x576 约需 {minutes} 分钟，10 秒视频约需 {hours} 小时。"
        "请更换引擎，或设置 SPLAZMATTE_ALLOW_SLOW_CPU=1。",
    ),
    "engine.videomama.slow": Text(
        en="VideoMaMa runs on the CPU: this clip will take about {minutes:minute|minutes}.",
        zh="VideoMaMa 正在 CPU 上运行：此视频约需 {minutes} 分钟。",
    ),
    "engine.videomama.smaller": Text(
        en="Little memory is free: VideoMaMa goes on with {window:frame|frames} at once in the network and "
        "{decode} in the decoder. It takes longer, and edges may differ slightly.",
        zh="可用显存不足：VideoMaMa 改为网络每次 {window} 帧、解码器每次 {decode} 帧继续。耗时会更长，边缘可能略有差异。",
    ),
    "engine.videomama.bf16": Text(
        en="Half precision overflowed at frame {frame}; VideoMaMa goes on in bfloat16, slightly less exact.",
        zh="第 {frame} 帧半精度溢出；VideoMaMa 改用 bfloat16 继续，精度略低。",
    ),
}
