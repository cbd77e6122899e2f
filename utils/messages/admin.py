"""Texts of the administrator's page."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "admin.title": Text(en="Operations", zh="运行管理"),
    "admin.home": Text(en="To the page", zh="返回主页"),
    "admin.refused": Text(
        en="This page is for administrators: sign in as a user of that role. Without a login it opens on the "
        "server itself, or for everybody with SPLAZMATTE_ADMIN_WITHOUT_LOGIN=true.",
        zh="本页仅限管理员：请以管理员身份登录。未启用登录时只能在服务器本机打开，或设置 SPLAZMATTE_ADMIN_WITHOUT_LOGIN=true 对所有人开放。",
    ),
    "admin.worker_unknown": Text(
        en="No live worker is called “{name}”. It may have ended; look at the list again.",
        zh="没有名为“{name}”的在线工作进程，可能已退出。请查看最新列表。",
    ),
    "admin.no_job": Text(
        en="This session has had no job that could be run again.", zh="该会话没有可重新运行的任务。"
    ),
    "admin.bad_action": Text(
        en="The page doesn't know this action. Load it again.", zh="无法识别该操作，请刷新页面。"
    ),
    "admin.workers": Text(en="Workers", zh="工作进程"),
    "admin.in_process": Text(
        en="This server runs its jobs itself, one at a time.", zh="任务由本服务进程逐个运行。"
    ),
    "admin.no_workers": Text(en="No worker is running.", zh="没有运行中的工作进程。"),
    "admin.worker": Text(en="Worker", zh="名称"),
    "admin.card": Text(en="Card", zh="显卡"),
    "admin.engines": Text(en="Engines", zh="引擎"),
    "admin.state": Text(en="State", zh="状态"),
    "admin.working": Text(en="working", zh="运行任务中"),
    "admin.idle": Text(en="idle", zh="空闲"),
    "admin.paused": Text(en="paused", zh="已暂停"),
    "admin.draining": Text(en="ends after its job", zh="完成当前任务后退出"),
    "admin.pause": Text(en="Pause", zh="暂停"),
    "admin.resume": Text(en="Go on", zh="继续"),
    "admin.drain": Text(en="Drain", zh="排空"),
    "admin.drain_hint": Text(
        en="A paused worker ends its job and takes no further one; a drained one ends after it. A worker that was "
        "started with this server starts again.",
        zh="暂停的工作进程会完成当前任务，不再领取新任务；排空后在完成当前任务时退出。随本服务启动的工作进程会自动重新启动。",
    ),
    "admin.queue": Text(en="Jobs", zh="任务"),
    "admin.queue_paused": Text(
        en="The queue is paused: no waiting job starts.", zh="队列已暂停，排队的任务不会开始。"
    ),
    "admin.queue_empty": Text(en="No job waits or runs.", zh="没有排队或运行中的任务。"),
    "admin.pause_queue": Text(en="Pause the queue", zh="暂停队列"),
    "admin.resume_queue": Text(en="Go on with the queue", zh="恢复队列"),
    "admin.clip": Text(en="Clip", zh="视频"),
    "admin.owner": Text(en="User", zh="用户"),
    "admin.engine": Text(en="Engine", zh="引擎"),
    "admin.waiting": Text(en="waiting, {count} in front", zh="排队中，前面有 {count} 个"),
    "admin.running": Text(en="running, {percent} %", zh="运行中，{percent}%"),
    "admin.cancel": Text(en="Cancel", zh="取消"),
    "admin.failed": Text(en="Failed or interrupted", zh="失败或中断"),
    "admin.none_failed": Text(en="None.", zh="无。"),
    "admin.reason": Text(en="Reason", zh="原因"),
    "admin.interrupted": Text(en="The server stopped meanwhile.", zh="服务在此期间停止。"),
    "admin.retry": Text(en="Run again", zh="重新运行"),
    "admin.disk": Text(en="Disk", zh="磁盘"),
    "admin.disk_state": Text(
        en="{free} of {total} are free; {sessions:session|sessions}.",
        zh="剩余 {free}，共 {total}；{sessions} 个会话。",
    ),
    "admin.costs": Text(en="Hosted services", zh="托管服务费用"),
}
