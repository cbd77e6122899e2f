"""Texts shown by the page's own widgets in the browser; `{name}` is filled in there."""

from __future__ import annotations

from utils.messages.text import Text

_ANNOTATOR: dict[str, Text] = {
    "empty": Text(en="The first frame appears here.", zh="上传后在此显示第一帧。"),
    "canvas": Text(
        en="Frame to annotate. Click adds a point, Shift or right click excludes, drag draws a box. "
        "Keyboard: arrows move the cursor, Enter sets a point, Delete clears.",
        zh="标注画面。点击添加点，Shift 或右键为排除，拖动画框。键盘：方向键移动光标，回车放置点，Delete 清除。",
    ),
    "tools": Text(en="Tools", zh="工具"),
    "tool_add": Text(en="Keep", zh="保留"),
    "tool_add_hint": Text(en="Click: this belongs to the target (1)", zh="点击：属于目标（1）"),
    "tool_drop": Text(en="Exclude", zh="排除"),
    "tool_drop_hint": Text(en="Click: this does not belong (2)", zh="点击：不属于目标（2）"),
    "tool_box": Text(en="Box", zh="框选"),
    "tool_box_hint": Text(en="Drag a box around the target (3)", zh="拖动框选目标（3）"),
    "undo": Text(en="Undo (Ctrl+Z)", zh="撤销 (Ctrl+Z)"),
    "redo": Text(en="Redo (Ctrl+Shift+Z)", zh="重做 (Ctrl+Shift+Z)"),
    "clear": Text(en="Clear (Delete)", zh="清除 (Delete)"),
    "help": Text(
        en="Click = keep · Shift or right click = exclude · drag = box",
        zh="点击＝保留 · Shift 或右键＝排除 · 拖动＝框选",
    ),
    "frame": Text(en="Frame", zh="帧"),
    "frame_of": Text(
        en="Frame {frame} of {last} · {time} s", zh="第 {frame} / {last} 帧 · {time} 秒"
    ),
    "previous": Text(en="Previous frame", zh="上一帧"),
    "next": Text(en="Next frame", zh="下一帧"),
    "set_in": Text(en="Set in point", zh="设为入点"),
    "set_out": Text(en="Set out point", zh="设为出点"),
    "range": Text(en="Matte frames {first} to {last}", zh="抠图范围：第 {first} 至 {last} 帧"),
    "whole": Text(en="Whole clip", zh="整段"),
    "confidence": Text(
        en="Confidence of each frame: orange ones may need a correction. Click on the picture there to "
        "correct the result, then matte again.",
        zh="各帧可信度：橙色的帧可能需要修正。在该帧画面上点击即可修正结果，然后重新抠图。",
    ),
    "weakest": Text(
        en="Go to frame {frame}, the least confident", zh="转到可信度最低的第 {frame} 帧"
    ),
    "keyframes": Text(en="Selected on", zh="已选帧"),
    "keyframe": Text(en="Frame {frame} · {kept} kept", zh="第 {frame} 帧 · 保留 {kept} 个"),
    "remove": Text(en="Remove the selection of frame {frame}", zh="移除第 {frame} 帧的选区"),
    "clip": Text(
        en="{name} · {width}×{height} · {fps} fps · {frames} frames",
        zh="{name} · {width}×{height} · {fps} 帧/秒 · 共 {frames} 帧",
    ),
}

_PREVIEW: dict[str, Text] = {
    "title": Text(en="Segmentation", zh="分割预览"),
    "empty": Text(en="The coloured mask appears here.", zh="彩色遮罩将显示在这里。"),
    "none_here": Text(
        en="Nothing is selected on this frame. A selection here corrects the matte from this frame on.",
        zh="该帧没有选区。在此帧选择可从这里开始修正结果。",
    ),
    "busy": Text(en="Finding…", zh="正在查找…"),
    "opacity": Text(en="Mask opacity", zh="遮罩不透明度"),
    "canvas": Text(en="Frame with coloured masks", zh="带彩色遮罩的画面"),
    "objects": Text(en="Found objects", zh="找到的对象"),
    "instance": Text(en="Object {number}", zh="对象 {number}"),
    "kept": Text(en="kept", zh="保留"),
    "dropped": Text(en="dropped", zh="弃用"),
    "hint": Text(
        en="Click an object, or its button, to keep or drop it.",
        zh="点击对象或其按钮，可保留或弃用。",
    ),
}

_ENGINES: dict[str, Text] = {
    "title": Text(en="Matting engine", zh="抠图引擎"),
    "auto": Text(en="default", zh="默认"),
    "missing": Text(en="Missing: {what}. To get it:", zh="缺少：{what}。安装方法："),
    "missing_only": Text(en="Missing: {what}.", zh="缺少：{what}。"),
    "comma": Text(en=", ", zh="、"),
    "copy": Text(en="Copy the command", zh="复制命令"),
    "copied": Text(en="Copied", zh="已复制"),
    "options": Text(en="Options", zh="选项"),
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
    "cancel": Text(en="Cancel", zh="取消"),
    "cancelling": Text(en="Stopping…", zh="正在停止…"),
    "live": Text(en="Newest matted frame", zh="最新完成的一帧"),
    "lost": Text(en="No answer from the server; still trying…", zh="服务器没有响应，正在重试…"),
}

_RESULTS: dict[str, Text] = {
    "title": Text(en="Result", zh="结果"),
    "alpha": Text(en="Alpha", zh="透明通道"),
    "foreground": Text(en="Foreground", zh="前景"),
    "preview": Text(en="Preview", zh="预览"),
    "downloads": Text(en="Downloads", zh="下载"),
    "took": Text(en="{engine} · {seconds} s", zh="{engine} · 用时 {seconds} 秒"),
    "notes": Text(en="Notes", zh="提示"),
}

_EDGES: dict[str, Text] = {
    "title": Text(en="Edges and background", zh="边缘与背景"),
    "before": Text(en="Before", zh="之前"),
    "after": Text(en="After", zh="之后"),
    "slider": Text(en="Before and after divider", zh="前后对比分割线"),
    "frame": Text(en="Frame", zh="帧"),
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
    "reset": Text(en="Reset", zh="重置"),
    "apply": Text(en="Apply to all files", zh="应用到全部文件"),
    "apply_hint": Text(
        en="Renders again from the kept alpha; the engine does not run.",
        zh="用已有的透明通道重新渲染，无需再次抠图。",
    ),
}

_RECENT: dict[str, Text] = {
    "title": Text(en="Recent clips on this computer", zh="本机最近的视频"),
    "status_ready": Text(en="not started", zh="未开始"),
    "status_queued": Text(en="waiting", zh="排队中"),
    "status_running": Text(en="running", zh="运行中"),
    "status_done": Text(en="done", zh="已完成"),
    "status_cancelled": Text(en="cancelled", zh="已取消"),
    "status_failed": Text(en="failed", zh="失败"),
    "status_interrupted": Text(en="interrupted", zh="已中断"),
    "status_damaged": Text(en="damaged", zh="已损坏"),
    "fresh": Text(en="New clip", zh="新视频"),
    "keep": Text(en="Keep", zh="保留"),
    "kept": Text(en="Kept", zh="已保留"),
    "keep_hint": Text(
        en="Kept sessions are not removed for their age.", zh="保留的会话不会因过期被删除。"
    ),
    "sign_out": Text(en="Sign out {user}", zh="退出登录 {user}"),
}

_GROUPS: dict[str, dict[str, Text]] = {
    "annotator": _ANNOTATOR,
    "preview": _PREVIEW,
    "engines": _ENGINES,
    "progress": _PROGRESS,
    "results": _RESULTS,
    "edges": _EDGES,
    "recent": _RECENT,
}

TEXTS: dict[str, Text] = {
    f"page.{group}.{name}": text for group, texts in _GROUPS.items() for name, text in texts.items()
}
