"""Texts shown by the page's own widgets in the browser; `{name}` is filled in there."""

from __future__ import annotations

from utils.messages.text import Text
from utils.messages.viewer import VIEWER

_ENGINES: dict[str, Text] = {
    "title": Text(en="Matting engine", zh="抠图引擎"),
    "auto": Text(en="default", zh="默认"),
    "automatic": Text(en="Automatic", zh="自动选择"),
    "automatic_about": Text(
        en="Takes what suits the marked target and this machine; the result says which, and why. "
        "{name} where nothing suits better.",
        zh="按标记的目标和本机条件选择，结果中会说明选了哪个引擎及原因。没有更合适的引擎时使用{name}。",
    ),
    "missing": Text(en="Missing: {what}. To get it:", zh="缺少：{what}。安装方法："),
    "missing_only": Text(en="Missing: {what}.", zh="缺少：{what}。"),
    "comma": Text(en=", ", zh="、"),
    "copy": Text(en="Copy the command", zh="复制命令"),
    "copied": Text(en="Copied", zh="已复制"),
    "options": Text(en="Options", zh="选项"),
    "clean_plate": Text(en="Clean plate…", zh="上传干净背景板…"),
    "setup": Text(
        en="{count:more engine|more engines}, not installed (for the administrator)",
        zh="另有 {count} 个引擎未安装（供管理员查看）",
    ),
}

_PROGRESS: dict[str, Text] = {
    "title": Text(en="Progress", zh="进度"),
    "queued": Text(en="Jobs in front of you: {count}", zh="前面还有 {count} 个任务"),
    "next_up": Text(en="Next in line", zh="即将开始"),
    "wait": Text(en="about {time} to wait", zh="预计等待 {time}"),
    "units": Text(en="{stage} {done} / {total}", zh="{stage} {done} / {total}"),
    "fps": Text(en="{fps} frames/s", zh="{fps} 帧/秒"),
    "elapsed": Text(en="elapsed {time}", zh="已用 {time}"),
    "remaining": Text(en="remaining {time}", zh="剩余 {time}"),
    "stage_remaining": Text(en="{stage}: remaining {time}", zh="{stage}剩余 {time}"),
    "finishing": Text(en="Finishing the files…", zh="正在完成输出文件…"),
    "cancel": Text(en="Cancel", zh="取消"),
    "cancelling": Text(en="Stopping…", zh="正在停止…"),
    "live": Text(en="Newest matted frame", zh="最新完成的一帧"),
    "notify": Text(en="Notify me at the end", zh="完成时通知"),
    "sound": Text(en="Sound at the end", zh="完成时提示音"),
    "waiting": Text(en="Waiting", zh="排队中"),
    "ended": Text(en="✓ Matte done", zh="✓ 抠图完成"),
    "failed": Text(en="Matting failed", zh="抠图失败"),
    "lost": Text(en="No answer from the server; still trying…", zh="服务器没有响应，正在重试…"),
}

_QUICK_PREVIEW: dict[str, Text] = {
    "title": Text(
        en="Preview without a mark: people only, empty where there is nobody",
        zh="快速预览（无需标记）：仅保留人物，没有人物时为空",
    ),
    "making": Text(
        en="Making it while nothing else runs: {done} / {total}", zh="空闲时生成：{done} / {total}"
    ),
}

_RESULTS: dict[str, Text] = {
    "downloads": Text(en="Downloads", zh="下载"),
    "naming_unusable": Text(
        en="Only {known} may be used in braces. Downloads are named as before.",
        zh="花括号内只能使用 {known}。下载文件名仍与之前相同。",
    ),
    "together": Text(en="All as ZIP", zh="全部打包（ZIP）"),
    "notes": Text(en="Notes", zh="提示"),
    "naming": Text(en="File names", zh="文件命名"),
    "versions": Text(en="Versions", zh="版本"),
    "versions_hint": Text(
        en="Each job that changes the result keeps the former one until you delete it.",
        zh="每次更改结果的任务都会保留之前的版本，直到您将其删除。",
    ),
    "version": Text(en="Version {number}", zh="版本 {number}"),
    "version_current": Text(en="current", zh="当前"),
    "version_compare": Text(en="Compare", zh="对比"),
    "version_take": Text(en="Use this one", zh="设为当前版本"),
    "version_delete": Text(en="Delete", zh="删除"),
    "version_delete_sure": Text(en="Delete for good?", zh="确定永久删除？"),
}

_EDGES: dict[str, Text] = {
    "title": Text(en="Edges and background", zh="边缘与背景"),
    "before": Text(en="Source", zh="原片"),
    "after": Text(en="Result", zh="结果"),
    "slider": Text(en="Divider between source and result", zh="原片与结果的分割线"),
    "frame": Text(en="Compared frame", zh="对比帧"),
    "background": Text(en="Background of the preview", zh="预览背景"),
    "checker": Text(en="Checker", zh="棋盘格"),
    "grey": Text(en="Grey", zh="灰色"),
    "green": Text(en="Green", zh="绿色"),
    "black": Text(en="Black", zh="黑色"),
    "white": Text(en="White", zh="白色"),
    "own": Text(en="Own colour", zh="自选颜色"),
    "picture": Text(en="Own picture", zh="自选图片"),
    "edges": Text(en="Edges", zh="边缘"),
    "screen": Text(en="Colour behind the foreground", zh="前景视频的底色"),
    "reset": Text(en="Reset edges", zh="重置边缘"),
    "apply": Text(en="Apply to all files", zh="应用到全部文件"),
    "apply_hint": Text(
        en="Renders again from the kept alpha; the engine does not run.",
        zh="用已有的 Alpha 通道重新渲染，无需再次抠图。",
    ),
    "unapplied": Text(
        en="The files don't have these changes yet. “Apply to all files” renders them again; the engine does not run.",
        zh="文件中还没有这些更改。点击“应用到全部文件”重新渲染后再下载，无需再次抠图。",
    ),
}

_STATUS: dict[str, Text] = {
    "away": Text(
        en="The server doesn't answer. Waiting for it; your marks on this page are kept.",
        zh="服务器没有响应，正在等待恢复；本页上的标记会保留。",
    ),
    "no_answer": Text(
        en="The server could not take that just now. Try again in a moment.",
        zh="服务器暂时无法处理该操作，请稍后再试。",
    ),
    "wrong_file": Text(
        en="“{name}” is not a file that can be used here: {allowed} only. Choose another one, or convert it.",
        zh="“{name}”的格式不适用：此处仅支持 {allowed}。请选择其他文件，或转换格式后再试。",
    ),
    "signed_out": Text(
        en="You are signed out (a restart of the server does that too). What was sent is kept.",
        zh="登录已失效（服务器重启后也需要重新登录）。已提交的内容都已保留。",
    ),
    "sign_in": Text(en="Sign in again", zh="重新登录"),
}

_UPLOAD: dict[str, Text] = {
    "choose": Text(en="Upload clips", zh="上传视频"),
    "folder": Text(en="Upload a folder", zh="上传文件夹"),
    "options": Text(en="Formats, sequences and alpha", zh="格式、图像序列与 Alpha 选项"),
    "rate": Text(en="Frame rate of picture sequences", zh="图像序列帧率"),
    "hold": Text(
        en="Where pictures of a sequence are missing, hold the one before",
        zh="图像序列有缺失时，用缺口前的一张代替",
    ),
    "alpha": Text(en="Colours of files with alpha", zh="带 Alpha 通道的素材，颜色为"),
    "alpha_auto": Text(en="by format", zh="按格式惯例"),
    "alpha_straight": Text(en="straight", zh="直接（非预乘）"),
    "alpha_premultiplied": Text(en="premultiplied", zh="预乘"),
}

_TARGETS: dict[str, Text] = {
    "title": Text(en="Targets", zh="目标"),
    "add": Text(en="＋ New target", zh="＋ 新建目标"),
    "choose": Text(en="Marks go to {name}", zh="标记到“{name}”"),
    "colour": Text(en="Colour of {name}", zh="“{name}”的颜色"),
    "name": Text(en="Name of {name}", zh="“{name}”的名称"),
    "shown": Text(en="Show {name} on the stage", zh="在画面上显示“{name}”"),
    "locked": Text(en="Lock {name} against marks", zh="锁定“{name}”，不接受标记"),
    "remove": Text(en="Delete {name} and its marks", zh="删除“{name}”及其标记"),
}

_RECENT: dict[str, Text] = {
    "title": Text(en="Recent clips", zh="最近的视频"),
    "start_all": Text(
        en="Matte all {count} with these settings", zh="用当前设置批量抠图（{count} 个）"
    ),
    "starting_all": Text(
        en="Putting {count} clips into the queue…", zh="正在将 {count} 个视频加入队列…"
    ),
    "start_all_hint": Text(
        en="Engine, files and edges as chosen here. A clip without marks needs an engine that finds people, or "
        "a network that finds the main object.",
        zh="使用当前选择的引擎、输出文件和边缘设置。没有标记的视频需要能自动识别人物的引擎，或能自动找出主体的网络。",
    ),
    "download_all": Text(en="Download all {count} as ZIP", zh="全部打包下载（{count} 个，ZIP）"),
    "rename": Text(en="Rename {name}", zh="重命名“{name}”"),
    "delete": Text(en="Delete {name}", zh="删除“{name}”"),
    "delete_active": Text(
        en="A job of {name} waits or runs. Cancel it, then delete the clip.",
        zh="“{name}”有任务在排队或运行，取消任务后才能删除。",
    ),
    "delete_sure": Text(en="Delete?", zh="确定删除？"),
    "deleted": Text(en="Recently deleted ({count})", zh="最近删除（{count}）"),
    "deleted_at": Text(en="deleted {time}", zh="删除于 {time}"),
    "deleted_hint": Text(
        en="They still take space. They go for good after a while, or when the disk runs short.",
        zh="仍占用磁盘空间；过一段时间或磁盘空间不足时会被永久删除。",
    ),
    "restore": Text(en="Restore", zh="恢复"),
    "purge": Text(en="Delete for good", zh="永久删除"),
    "purge_sure": Text(en="Really for good?", zh="确定永久删除？"),
    "place": Text(en="waiting, {count} in front", zh="排队中，前面 {count} 个"),
    "lost": Text(en="No answer from the server.", zh="服务器没有响应。"),
    "status_ready": Text(en="not started", zh="未开始"),
    "status_queued": Text(en="waiting", zh="排队中"),
    "status_running": Text(en="running", zh="运行中"),
    "status_done": Text(en="done", zh="已完成"),
    "status_cancelled": Text(en="cancelled", zh="已取消"),
    "status_failed": Text(en="failed", zh="失败"),
    "status_interrupted": Text(en="interrupted", zh="已中断"),
    "status_damaged": Text(en="damaged", zh="已损坏"),
    "fresh": Text(en="New clip", zh="上传新视频"),
    "keep": Text(en="Keep", zh="长期保留"),
    "kept": Text(en="Kept", zh="已长期保留"),
    "keep_hint": Text(
        en="Kept sessions are not removed for their age.", zh="保留的会话不会因过期被删除。"
    ),
    "sign_out": Text(en="Sign out {user}", zh="退出登录 {user}"),
}

_GROUPS: dict[str, dict[str, Text]] = {
    "viewer": VIEWER,
    "engines": _ENGINES,
    "progress": _PROGRESS,
    "quick_preview": _QUICK_PREVIEW,
    "results": _RESULTS,
    "edges": _EDGES,
    "recent": _RECENT,
    "targets": _TARGETS,
    "status": _STATUS,
    "upload": _UPLOAD,
}

TEXTS: dict[str, Text] = {
    f"page.{group}.{name}": text for group, texts in _GROUPS.items() for name, text in texts.items()
}
