"""Texts of the viewer; `{name}` is filled in by the browser."""

from __future__ import annotations

from utils.messages.text import Text

VIEWER: dict[str, Text] = {
    "empty": Text(
        en="Drop clips here, or click to choose", zh="把视频拖到这里，或点击选择（可多选）"
    ),
    "sending": Text(en="Uploading…", zh="正在上传…"),
    "stop_sending": Text(en="Cancel", zh="取消上传"),
    "sending_stopped": Text(en="The upload was cancelled.", zh="已取消上传。"),
    "checking": Text(
        en="Checking the clip… A long one takes a while.",
        zh="正在检查视频…较长的视频需要一些时间。",
    ),
    "sending_already": Text(
        en="Clips are being uploaded. Add more when they are there.",
        zh="正在上传视频，请等待完成后再添加。",
    ),
    "unsent": Text(en="the upload broke off. Try again.", zh="上传中断，请重试。"),
    "oversize": Text(
        en="larger than {limit}. Choose a shorter or smaller clip.",
        zh="超过 {limit}，请选择更短或更小的视频。",
    ),
    "no_clips": Text(
        en="The folder has neither clips nor numbered pictures.",
        zh="该文件夹中既没有视频，也没有带编号的图像。",
    ),
    "clip": Text(
        en="{name} · {width}×{height} · {fps} fps · {frames:frame|frames}",
        zh="{name} · {width}×{height} · {fps} 帧/秒 · 共 {frames} 帧",
    ),
    "clip_variable": Text(
        en="{name} · {width}×{height} · variable rate, {fps} fps on average · {frames:frame|frames}",
        zh="{name} · {width}×{height} · 可变帧率，平均 {fps} 帧/秒 · 共 {frames} 帧",
    ),
    "canvas": Text(
        en="Picture to mark. Click adds a point, Shift or right click excludes, drag draws a box. Without a "
        "mouse: Enter shows a cursor, arrows move it, Enter sets a mark. Question mark lists all keys.",
        zh="标注画面。点击添加点，Shift 或右键为排除，拖动画框。不用鼠标：回车显示光标，方向键移动，"
        "回车放置标记。按问号查看全部快捷键。",
    ),
    "modes": Text(en="View", zh="显示"),
    "mode_source": Text(en="Source", zh="原片"),
    "mode_source_hint": Text(en="The clip as it is (S)", zh="原始画面（S）"),
    "mode_mask": Text(en="Mask", zh="蒙版"),
    "mode_mask_hint": Text(
        en="Mask or alpha as a coloured overlay (M)", zh="以彩色叠加显示蒙版或 Alpha 通道（M）"
    ),
    "mode_alpha": Text(en="Alpha", zh="Alpha 通道"),
    "mode_alpha_hint": Text(en="White is kept, black is not (A)", zh="白色保留，黑色不保留（A）"),
    "mode_over": Text(en="Result", zh="结果"),
    "mode_over_hint": Text(en="The result over its background (R)", zh="结果叠加在背景上（R）"),
    "mode_wipe": Text(en="Compare", zh="对比"),
    "mode_wipe_hint": Text(
        en="Source or an earlier version on the left, result on the right (C)",
        zh="左侧为原片或较早版本，右侧为结果（C）",
    ),
    "left": Text(en="Left side", zh="左侧显示"),
    "wipe": Text(en="Divider between source and result", zh="原片与结果的分割线"),
    "zoom": Text(en="Zoom", zh="缩放"),
    "zoom_in": Text(en="Zoom in (+)", zh="放大（+）"),
    "zoom_out": Text(en="Zoom out (−)", zh="缩小（−）"),
    "zoom_fit": Text(en="Fit the window (0)", zh="适应窗口（0）"),
    "zoom_one": Text(en="One pixel to one pixel (1)", zh="1:1 像素（1）"),
    "help": Text(en="Keyboard shortcuts (?)", zh="快捷键（?）"),
    "tools": Text(en="Tools", zh="工具"),
    "tool_select": Text(en="Select", zh="选择"),
    "tool_select_hint": Text(en="Click keeps, drag draws a box (V)", zh="点击保留，拖动框选（V）"),
    "tool_exclude": Text(en="Exclude", zh="排除"),
    "tool_exclude_hint": Text(en="Click: this is not the target (X)", zh="点击：不属于目标（X）"),
    "tool_box": Text(en="Box", zh="框选"),
    "tool_box_hint": Text(en="Drag a box around the target (B)", zh="拖动框选目标（B）"),
    "tool_brush": Text(en="Brush", zh="画笔"),
    "tool_brush_hint": Text(
        en="Paint onto the mask (D), size [ ]", zh="绘制蒙版（D），按 [ ] 调整大小"
    ),
    "tool_erase": Text(en="Eraser", zh="橡皮擦"),
    "tool_erase_hint": Text(
        en="Erase from the mask (E), size [ ]", zh="擦除蒙版（E），按 [ ] 调整大小"
    ),
    "tool_polygon": Text(en="Polygon", zh="多边形"),
    "tool_polygon_hint": Text(
        en="Click corner by corner, first corner or Enter closes; Shift on the first corner erases (G)",
        zh="逐点点击，点击起点或按回车闭合；起点按住 Shift 为擦除（G）",
    ),
    "tool_hand": Text(en="Hand", zh="抓手"),
    "tool_hand_hint": Text(
        en="Drag the picture (H, or the middle button)", zh="拖动画面（H 或鼠标中键）"
    ),
    "brush_size": Text(en="Size", zh="大小"),
    "opacity": Text(en="Overlay", zh="叠加不透明度"),
    "undo": Text(en="Undo (Ctrl+Z)", zh="撤销（Ctrl+Z）"),
    "redo": Text(en="Redo (Ctrl+Shift+Z)", zh="重做（Ctrl+Shift+Z）"),
    "clear": Text(en="Clear this frame (Delete)", zh="清除本帧（Delete）"),
    "locked": Text(
        en="This target is locked. Unlock it in the list, or choose another one (T).",
        zh="该目标已锁定。请在列表中解锁，或选择其他目标（T）。",
    ),
    "keys_start": Text(
        en="Enter shows a cursor to mark with. Esc leaves the picture: Enter is the next step then. Question mark lists "
        "all keys.",
        zh="按回车显示光标，用键盘标记。按 Esc 离开画面，再按回车执行下一步。按问号查看全部快捷键。",
    ),
    "keys_point": Text(
        en="Arrows move the cursor, with Shift by one pixel. Enter = keep · Shift+Enter = exclude · Esc = leave · "
        "Ctrl+Enter = start",
        zh="方向键移动光标，加 Shift 为逐像素。回车＝保留 · Shift+回车＝排除 · Esc＝退出 · Ctrl+回车＝开始抠图",
    ),
    "keys_box": Text(
        en="Arrows move the cursor, with Shift by one pixel. Enter sets the box's first corner.",
        zh="方向键移动光标，加 Shift 为逐像素。按回车放置选框的第一个角。",
    ),
    "keys_corner": Text(
        en="Move to the opposite corner, then press Enter. Esc gives the box up.",
        zh="移动到对角后按回车完成选框，按 Esc 取消。",
    ),
    "keys_stroke": Text(
        en="Arrows move the cursor, with Shift by one pixel. Enter puts down the brush; [ ] sets its size.",
        zh="方向键移动光标，加 Shift 为逐像素。按回车落笔，[ ] 调整大小。",
    ),
    "keys_polygon": Text(
        en="Arrows move the cursor, with Shift by one pixel. Enter sets a corner, on the first one it closes.",
        zh="方向键移动光标，加 Shift 为逐像素。按回车放置顶点，回到起点按回车闭合。",
    ),
    "space": Text(en="Space", zh="空格"),
    "enter": Text(en="Enter", zh="回车"),
    "tab_enter": Text(en="Tab Enter", zh="Tab 回车"),
    "key_start": Text(en="start the job; go to its files", zh="开始任务；完成后转到下载"),
    "key_target": Text(en="next target", zh="下一个目标"),
    "busy": Text(en="Finding…", zh="正在查找…"),
    "hint": Text(
        en="Click = keep · {exclude} = exclude · drag = box · brush for the exact edge",
        zh="点击＝保留 · {exclude}＝排除 · 拖动＝框选 · 画笔可精修边缘",
    ),
    "exclude_by_mouse": Text(en="Shift or right click", zh="Shift 或右键"),
    "exclude_by_touch": Text(en="long press", zh="长按"),
    "hint_choice": Text(
        en="One click can mean more or less of the object: choose the answer that fits, or click again.",
        zh="同一次点击可能指整体或局部：请选择合适的候选蒙版，或继续点击。",
    ),
    "hint_result": Text(
        en="The overlay is the result. A click or a stroke here corrects it on this frame.",
        zh="叠加显示的是抠图结果。在此点击或绘制即可修正本帧。",
    ),
    "none_here": Text(
        en="Nothing is marked on this frame. Click = keep · {exclude} = exclude · drag = box",
        zh="本帧没有标记。点击＝保留 · {exclude}＝排除 · 拖动＝框选",
    ),
    "alternatives": Text(en="Answers to choose from", zh="候选蒙版"),
    "alternative": Text(en="Answer {number}", zh="候选 {number}"),
    "objects": Text(en="Found objects", zh="找到的对象"),
    "instance": Text(en="Object {number}", zh="对象 {number}"),
    "kept": Text(en="kept", zh="保留"),
    "dropped": Text(en="not kept", zh="不保留"),
    "first": Text(en="First frame (Home)", zh="首帧（Home）"),
    "last": Text(en="Last frame (End)", zh="末帧（End）"),
    "previous": Text(en="Previous frame (←)", zh="上一帧（←）"),
    "next": Text(en="Next frame (→)", zh="下一帧（→）"),
    "play": Text(en="Play (Space)", zh="播放（空格）"),
    "loop": Text(en="Loop", zh="循环"),
    "loop_hint": Text(
        en="Play the in to out range again and again (Shift+L)", zh="循环播放入点到出点（Shift+L）"
    ),
    "frame": Text(en="Frame", zh="帧"),
    "frame_of": Text(
        en="{time} · frame {frame} of {last}", zh="{time} · 第 {frame} 帧，末帧 {last}"
    ),
    "set_in": Text(en="In", zh="入点"),
    "set_in_key": Text(en="Set the in point (I)", zh="设为入点（I）"),
    "set_out": Text(en="Out", zh="出点"),
    "set_out_key": Text(en="Set the out point (O)", zh="设为出点（O）"),
    "range": Text(en="Frames {first} to {last}", zh="第 {first} 至 {last} 帧"),
    "whole": Text(en="Whole clip", zh="整段"),
    "confidence": Text(
        en="Bars: confidence of each frame. Green is high, yellow is fair; low orange ones may need a correction.",
        zh="柱形表示各帧的置信度：绿色高，黄色中等，橙色矮柱处可能需要修正。",
    ),
    "weakest": Text(
        en="Go to frame {frame}, the least certain", zh="转到第 {frame} 帧（置信度最低）"
    ),
    "keyframes": Text(en="Key frames", zh="关键帧"),
    "keyframe": Text(en="Frame {frame}", zh="第 {frame} 帧"),
    "remove": Text(en="Remove the marks: {name}", zh="移除标记：{name}"),
    "review_count": Text(en="{count:place|places} to review", zh="{count} 处待检查"),
    "review_here": Text(en="Frame {frame}: {reasons}", zh="第 {frame} 帧：{reasons}"),
    "review_previous": Text(en="Previous", zh="上一处"),
    "review_previous_key": Text(en="Previous place (P)", zh="上一处（P）"),
    "review_next": Text(en="Next", zh="下一处"),
    "review_next_key": Text(en="Next place (N)", zh="下一处（N）"),
    "key_review": Text(en="next and previous place to review", zh="下一处、上一处待检查"),
    "key_play": Text(en="play or pause", zh="播放或暂停"),
    "key_shuttle": Text(en="backwards, stop, forwards", zh="倒放、停止、正放"),
    "key_loop": Text(en="loop in to out", zh="循环播放入点到出点"),
    "key_step": Text(en="one frame", zh="逐帧"),
    "key_ten": Text(en="ten frames", zh="十帧"),
    "key_ends": Text(en="first and last frame", zh="首帧、末帧"),
    "key_range": Text(en="in and out point", zh="入点、出点"),
    "key_marks": Text(en="select, exclude, box", zh="选择、排除、框选"),
    "key_brush": Text(en="brush, eraser", zh="画笔、橡皮擦"),
    "key_polygon": Text(en="polygon", zh="多边形"),
    "key_size": Text(en="brush size", zh="画笔大小"),
    "key_hand": Text(en="hand", zh="抓手"),
    "key_zoom": Text(en="zoom, fit, 1:1", zh="缩放、适应窗口、1:1"),
    "key_modes": Text(
        en="source, mask, alpha, result, compare", zh="原片、蒙版、Alpha、结果、对比"
    ),
    "key_undo": Text(en="undo (with Shift: redo)", zh="撤销（加 Shift 重做）"),
    "key_clear": Text(en="clear this frame", zh="清除本帧"),
    "key_cursor": Text(en="cursor on the picture, set a mark", zh="显示光标、放置标记"),
    "key_leave": Text(en="leave the tool, then the picture", zh="退出工具，再按离开画面"),
    "sign_keyframe": Text(en="timeline: key frame", zh="时间线：关键帧"),
    "sign_cut": Text(en="timeline: scene cut", zh="时间线：场景切换"),
    "sign_rerun": Text(en="timeline: will be matted again", zh="时间线：将重新抠图"),
    "sign_review": Text(en="timeline: place to review", zh="时间线：待检查"),
    "key_help": Text(en="this list", zh="本列表"),
}
