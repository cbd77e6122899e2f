"""Texts about engines that run in a process of their own."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "process.requirement_python": Text(
        en="an environment of its own for {label}: set SPLAZMATTE_{name}_PYTHON to its Python",
        zh="{label} 的独立环境：请将 SPLAZMATTE_{name}_PYTHON 设为其 Python 路径",
    ),
    "process.requirement_code": Text(
        en="the code of {label}: set SPLAZMATTE_{name}_CODE to its folder",
        zh="{label} 的代码：请将 SPLAZMATTE_{name}_CODE 设为其所在文件夹",
    ),
    "process.died": Text(
        en="{name} ended unexpectedly ({problem}). Its last lines: {log}. Run the job again; if it happens again, "
        "run: python app.py doctor",
        zh="{name} 意外退出（{problem}）。最后的输出：{log}。请重新运行任务；若再次出现，请运行：python app.py doctor",
    ),
    "process.silent": Text(
        en="{name} did not answer ({problem}) and was ended. Its last lines: {log}. Run the job again; for slow work "
        "raise SPLAZMATTE_ENGINE_STALL_S.",
        zh="{name} 无响应（{problem}），已被终止。最后的输出：{log}。请重新运行任务；若只是运行较慢，请调大 SPLAZMATTE_ENGINE_STALL_S。",
    ),
    "process.garbage": Text(
        en="{name} sent something unusable ({problem}) and was ended. Its last lines: {log}. Check that its "
        "environment and code are those of docs/engines.md.",
        zh="{name} 返回了无法识别的数据（{problem}），已被终止。最后的输出：{log}。请检查其环境和代码是否与 docs/engines.md 一致。",
    ),
    "process.failed": Text(
        en="{name} failed: {problem}. The log has more; run the job again, or choose another engine.",
        zh="{name} 出错：{problem}。详情见日志；请重新运行任务或更换引擎。",
    ),
    "process.busy": Text(
        en="{name} is at work on another job and takes one at a time. Wait until that one has ended.",
        zh="{name} 正在处理另一个任务，一次只能处理一个。请等待其完成。",
    ),
    "engine.edgetam.label": Text(en="EdgeTAM", zh="EdgeTAM"),
    "engine.edgetam.description": Text(
        en="Clicks, a box and tracking by a small network, in a Python environment of its own; a third of SAM 2.1 tiny's "
        "work.",
        zh="用小型网络进行点选、框选和跟踪，在独立的 Python 环境中运行；计算量为 SAM 2.1 tiny 的三分之一。",
    ),
    "engine.sam2matting.label": Text(en="SAM2Matting", zh="SAM2Matting"),
    "engine.sam2matting.description": Text(
        en="Any subject from one mask, on a GPU, in a Python environment of its own. Code and weights CC BY-NC-SA "
        "4.0: no commercial use.",
        zh="任意目标，只需一帧蒙版；使用显卡，在独立的 Python 环境中运行。代码与权重均为 CC BY-NC-SA 4.0，不可商用。",
    ),
}
