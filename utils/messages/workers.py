"""Texts about worker processes, their store and their broker."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "worker.none": Text(
        en="No worker is running that has the engine “{engine}”, so nothing would do this job. Start one "
        "(bash scripts/start_worker.sh), or choose another engine.",
        zh="当前没有运行中的工作进程可使用引擎“{engine}”，任务无法执行。请启动工作进程（bash scripts/start_worker.sh），或改选其他引擎。",
    ),
    "worker.died": Text(
        en="{workers} workers died while they did this job, one after the other, so it was given up. The "
        "clip may need more memory than they have: try a shorter range or another engine, and tell the admin.",
        zh="先后有 {workers} 个工作进程在执行该任务时终止，任务已放弃。视频可能超出其内存：请缩短范围或改用其他引擎，并告知管理员。",
    ),
    "worker.started_again": Text(
        en="A worker that did this job died, and another one started it again.",
        zh="执行该任务的一个工作进程终止，已由另一个重新开始。",
    ),
    "job.stage.worker": Text(en="Waiting for a worker", zh="等待工作进程"),
    "worker.store_gone": Text(
        en="The store of jobs ({store}) can't be reached. Running jobs go on; this page shows them again when "
        "it is back.",
        zh="无法连接任务存储（{store}）。正在运行的任务会继续，恢复连接后页面将重新显示进度。",
    ),
    "worker.packages": Text(
        en="Workers on several machines need packages that are not installed: "
        "pip install -r requirements-workers.txt",
        zh="多机工作进程所需的软件包尚未安装：pip install -r requirements-workers.txt",
    ),
    "worker.evicts": Text(
        en="The store of jobs ({store}) may throw records away when its memory is full (maxmemory-policy "
        "{policy}). Set maxmemory-policy noeviction in its configuration.",
        zh="任务存储（{store}）在内存不足时可能丢弃记录（maxmemory-policy {policy}）。请在其配置中设置 maxmemory-policy noeviction。",
    ),
    "worker.no_broker": Text(
        en="A worker of its own needs a broker: --broker redis://host:6379/0, or SPLAZMATTE_BROKER. Workers of "
        "the page's own machine are started by SPLAZMATTE_WORKERS.",
        zh="独立的工作进程需要消息服务：--broker redis://主机:6379/0，或设置 SPLAZMATTE_BROKER。页面本机的工作进程由 SPLAZMATTE_WORKERS 启动。",
    ),
    "worker.version": Text(
        en="This worker has version {own} of the jobs' format, the page has {page}. Install the same "
        "SplazMatte on both.",
        zh="该工作进程的任务格式版本为 {own}，页面为 {page}。请在两端安装相同版本的 SplazMatte。",
    ),
}
