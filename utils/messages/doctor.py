"""Texts of `doctor`: what a machine offers and lacks, and what to do."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "doctor.text": Text(en="{text}", zh="{text}"),
    "doctor.driver": Text(en="NVIDIA driver", zh="NVIDIA 驱动"),
    "doctor.torch": Text(en="PyTorch", zh="PyTorch"),
    "doctor.device": Text(en="device", zh="运行设备"),
    "doctor.ffmpeg": Text(en="FFmpeg", zh="FFmpeg"),
    "doctor.disk": Text(en="disk", zh="磁盘"),
    "doctor.port": Text(en="port", zh="端口"),
    "doctor.engine": Text(en="engine {name}", zh="引擎 {name}"),
    "doctor.ok": Text(en="ok", zh="正常"),
    "doctor.note": Text(en="note", zh="提示"),
    "doctor.problem": Text(en="problem", zh="问题"),
    "doctor.no_gpu": Text(
        en="no NVIDIA GPU is seen; engines run on the CPU",
        zh="未发现 NVIDIA 显卡，各引擎在 CPU 上运行",
    ),
    "doctor.driver_unknown": Text(
        en="a GPU is there, but its driver's version can't be read",
        zh="有显卡，但无法读取其驱动版本",
    ),
    "doctor.driver_advice": Text(
        en="install the NVIDIA driver, or restart after an update",
        zh="请安装 NVIDIA 驱动；如刚更新过驱动，请重启",
    ),
    "doctor.driver_version": Text(en="driver {version}", zh="驱动 {version}"),
    "doctor.packages_missing": Text(en="not installed: {names}", zh="未安装：{names:、}"),
    "doctor.torch_version": Text(en="torch {version}", zh="torch {version}"),
    "doctor.device_unusable": Text(en="can't be used", zh="无法使用"),
    "doctor.runs_on": Text(en="model engines run on {device}", zh="模型引擎在 {device} 上运行"),
    "doctor.unusable": Text(en="not usable", zh="不可用"),
    "doctor.disk_free": Text(en="{free} GiB free for {folder}", zh="{folder} 可用空间 {free} GiB"),
    "doctor.disk_unwritable": Text(en="{folder} can't be written", zh="{folder} 无法写入"),
    "doctor.disk_advice": Text(
        en="jobs are refused below {needed} GiB; free some space",
        zh="低于 {needed} GiB 时不接受任务，请释放磁盘空间",
    ),
    "doctor.port_taken": Text(
        en="{address} can't be used ({reason})", zh="{address} 无法使用（{reason}）"
    ),
    "doctor.port_free": Text(en="{address} is free", zh="{address} 空闲"),
    "doctor.not_installed": Text(en="not installed", zh="未安装"),
    "doctor.job_failed": Text(en="its tiny job failed", zh="小型测试任务失败"),
    "doctor.job_error": Text(en="its tiny job failed: {error}", zh="小型测试任务失败：{error}"),
    "doctor.job_done": Text(
        en="a tiny job took {seconds:duration} on {device}",
        zh="小型测试任务在 {device} 上用时 {seconds:时长}",
    ),
    "doctor.job_done_licence": Text(
        en="a tiny job took {seconds:duration} on {device}; weights: {licence}",
        zh="小型测试任务在 {device} 上用时 {seconds:时长}；许可证：{licence}",
    ),
}
