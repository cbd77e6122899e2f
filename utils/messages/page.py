"""Texts about the page itself: its labels, the status line, and what it refuses."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "page.tagline": Text(
        en="Pick the target, get a clean alpha matte.", zh="选中目标，输出干净的 Alpha 通道。"
    ),
    "page.language": Text(en="Language", zh="语言"),
    "page.upload": Text(
        en="{formats} · picture sequences, as files or as a ZIP: {pictures} · up to {long_side}x{short_side} in either "
        "orientation, {seconds:duration}, {size}",
        zh="{formats} · 图像序列（多个文件或 ZIP）：{pictures} · 最大 {long_side}x{short_side}（横竖均可）、{seconds:时长}、{size}",
    ),
    "page.text": Text(en="Find by words", zh="用文字查找"),
    "page.text_hint": Text(
        en="For instance “woman in red”, “dog”. English or Chinese.",
        zh="例如“穿红衣服的女人”“狗”。中英文均可。",
    ),
    "page.text_off": Text(
        en="Text needs SAM 3 or Grounding DINO", zh="文字查找：需 SAM 3 或 Grounding DINO"
    ),
    "page.segment": Text(en="Find", zh="查找"),
    "page.exemplars": Text(
        en="The box stands for everything like it", zh="框选一个，查找所有同类目标"
    ),
    "page.main_object": Text(en="Select the main object", zh="选择主体"),
    "page.source_alpha": Text(en="Use the clip's transparency", zh="使用视频自带的 Alpha 通道"),
    "page.took": Text(en="{engine} · {seconds:duration}", zh="{engine} · 用时 {seconds:时长}"),
    "page.change.line": Text(
        en="Different from version {number}: {changes}", zh="与版本 {number} 不同：{changes}"
    ),
    "page.change.engine": Text(en="engine", zh="引擎"),
    "page.change.options": Text(en="options ({names})", zh="引擎选项（{names:、}）"),
    "page.change.clean_plate": Text(en="clean plate", zh="干净背景板"),
    "page.change.targets": Text(en="targets", zh="目标"),
    "page.change.marks": Text(en="marks on frame {frames}", zh="第 {frames} 帧的标记"),
    "page.change.many_marks": Text(en="marks on {count:frame|frames}", zh="{count} 帧的标记"),
    "page.change.range": Text(en="frames {first} to {last}", zh="范围（第 {first} 至 {last} 帧）"),
    "page.change.everyone": Text(en="everybody or the marks", zh="保留所有人或按标记"),
    "page.change.refine": Text(en="alpha of marked frames", zh="标记帧的 Alpha 通道"),
    "page.change.inverted": Text(en="inverted", zh="已反转"),
    "page.change.upright": Text(en="no longer inverted", zh="不再反转"),
    "page.change.background": Text(en="background", zh="背景"),
    "page.change.files": Text(en="options of the files", zh="文件选项"),
    "page.change.nothing": Text(
        en="nothing, every frame matted again", zh="设置未变，全部帧重新抠图"
    ),
    "page.own_mask": Text(en="Use your own mask (PNG)", zh="导入蒙版（PNG）"),
    "page.sky": Text(en="Replace the sky (picture)", zh="替换天空（图片）"),
    "page.outputs": Text(en="Files to make", zh="输出文件"),
    "page.start": Text(en="Start matting", zh="开始抠图"),
    "page.rerun": Text(en="Matte {count:frame|frames} again", zh="重新抠图（{count} 帧）"),
    "page.files_again": Text(en="Make the files again", zh="重新生成文件"),
    "page.target": Text(en="Target {number}", zh="目标 {number}"),
    "page.step.upload": Text(
        en="Step 1 of 4 · Upload a clip to begin.", zh="第 1 步，共 4 步 · 请上传视频。"
    ),
    "page.step.select": Text(
        en="Step 2 of 4 · Click the target on the frame, or drag a box around it.",
        zh="第 2 步，共 4 步 · 在画面上点击目标，或拖动框选。",
    ),
    "page.step.keep": Text(
        en="Step 2 of 4 · Every object is dropped. Click one under the stage to keep it.",
        zh="第 2 步，共 4 步 · 所有对象都是“不保留”，请在画面下方点选要保留的对象。",
    ),
    "page.step.start": Text(
        en="Step 3 of 4 · Does the coloured mask fit? Then press “Start matting”. "
        "More clicks or other frames correct it.",
        zh="第 3 步，共 4 步 · 请检查彩色蒙版：准确则点击“开始抠图”，否则继续标记，或到其他帧上修正。",
    ),
    "page.step.everyone": Text(
        en="Step 3 of 4 · Everybody will be kept; marks are not used. Press “Start matting”.",
        zh="第 3 步，共 4 步 · 将保留画面中的所有人，不使用标记。请点击“开始抠图”。",
    ),
    "page.step.unmarked": Text(
        en="{names} has no mark and will not be in the result.",
        zh="“{names}”没有标记，不会出现在结果中。",
    ),
    "page.step.outside": Text(
        en="The marks of {names} lie outside the in and out points and will not be in the result.",
        zh="“{names}”的标记都在入点与出点之外，不会出现在结果中。",
    ),
    "page.step.queued": Text(
        en="Waiting in the queue. You may close this page: its link finds the job again.",
        zh="正在排队。可以关闭页面，凭本页链接随时回来查看。",
    ),
    "page.step.running": Text(
        en="Working. You may close this page: its link finds the job again.",
        zh="正在处理。可以关闭页面，凭本页链接随时回来查看。",
    ),
    "page.step.done": Text(
        en="Step 4 of 4 · Done. Check the result on the stage, then download your files.",
        zh="第 4 步，共 4 步 · 已完成。请在画面上检查结果，然后下载文件。",
    ),
    "page.step.done_before": Text(
        en="Cancelled. The files are as they were before.", zh="已取消，文件与之前相同。"
    ),
    "page.step.corrected": Text(
        en="Corrected. “Matte {count:frame|frames} again” applies it; the other frames stay as they are.",
        zh="已修正。点击“重新抠图（{count} 帧）”应用修正，其余各帧保持不变。",
    ),
    "page.step.corrected_whole": Text(
        en="Corrected. “Matte {count:frame|frames} again” applies it, to every frame.",
        zh="已修正。点击“重新抠图（{count} 帧）”应用修正，将更新所有帧。",
    ),
    "page.step.taken_back": Text(
        en="This is an earlier result, and the marks differ. “Matte {count:frame|frames} again” applies them; "
        "the other frames stay as they are.",
        zh="当前为较早的结果，与现有标记不同。点击“重新抠图（{count} 帧）”应用这些标记，其余各帧保持不变。",
    ),
    "page.step.taken_back_whole": Text(
        en="This is an earlier result, and the marks differ. “Matte {count:frame|frames} again” applies them, to every frame.",
        zh="当前为较早的结果，与现有标记不同。点击“重新抠图（{count} 帧）”应用这些标记，将更新所有帧。",
    ),
    "page.step.changed": Text(
        en="The targets changed. “Make the files again” applies that; no frame is matted again.",
        zh="目标已更改。点击“重新生成文件”使其生效，各帧不会重新抠图。",
    ),
    "page.step.settings": Text(
        en="The settings changed. “Start matting” makes the result with them.",
        zh="设置已更改。点击“开始抠图”，按新设置生成结果。",
    ),
    "page.step.files": Text(
        en="The settings changed. “Make the files again” applies them; no frame is matted again.",
        zh="设置已更改。点击“重新生成文件”使其生效，各帧不会重新抠图。",
    ),
    "page.step.cancelled": Text(
        en="Cancelled. Your selection is kept: press “{start}” to run it again.",
        zh="已取消。标记已保留，点击“{start}”可重新运行。",
    ),
    "page.step.interrupted": Text(
        en="The server stopped while the job ran. Clip and selection are kept: "
        "press “{start}” to run it again.",
        zh="任务运行时服务器停止。视频和标记已保留，点击“{start}”可重新运行。",
    ),
    "page.searched": Text(en="Searched for “{text}”.", zh="已按“{text}”查找。"),
    "page.internal_error": Text(
        en="Something went wrong on our side (report no. {number}). "
        "Try again; tell the admin when it happens twice.",
        zh="程序内部出错（报告编号 {number}）。请重试；若再次出现，请告知管理员。",
    ),
    "page.bad_value": Text(
        en="The value of {name} can't be used. On the page, reload and try again; for programs, docs/api.md and "
        "/openapi.json say what is allowed.",
        zh="{name} 的值无效。程序可接受的值见 docs/api.zh-CN.md 和 /openapi.json；在页面上请刷新后重试。",
    ),
    "page.bad_form": Text(
        en="The value of {name} can't be used. Programs write it as {form}; the limits are in "
        "docs/api.md. On the page, reload and try again.",
        zh="{name} 的值无效。程序应写成 {form}，上限见 docs/api.zh-CN.md；在页面上请刷新后重试。",
    ),
    "page.not_together": Text(
        en="{name} can't be given together with {others}. Leave one of them out.",
        zh="{name} 不能与 {others:、} 同时使用，请只保留其中一种。",
    ),
    "page.review.area": Text(en="the area jumps by {percent} %", zh="面积突变 {percent}%"),
    "page.review.disagreement": Text(
        en="alpha and tracked mask differ by {percent} %", zh="Alpha 与跟踪蒙版相差 {percent}%"
    ),
    "page.review.holes": Text(
        en="holes of {percent} % of the target", zh="目标内出现 {percent}% 的孔洞"
    ),
    "page.review.confidence": Text(en="low confidence", zh="置信度低"),
    "page.clips_limit": Text(
        en="At most {limit} clips at a time. Choose fewer.",
        zh="一次最多 {limit} 个视频，请减少选择。",
    ),
    "page.clips_left": Text(
        en="At most {limit} clips are taken at a time: {count:was|were} left out. Upload what was left out again.",
        zh="一次最多上传 {limit} 个视频，有 {count} 个未上传，请再次上传这些视频。",
    ),
    "page.started_all": Text(
        en="{count:clip is|clips are} in the queue; the list of clips shows each.",
        zh="{count} 个视频已加入队列，进度见视频列表。",
    ),
    "page.name_pattern": Text(
        en="“{pattern}” is no name for downloads. Use text with any of {known} in braces.",
        zh="“{pattern}”不能用作下载文件名。请使用文字，并可包含花括号中的 {known:、}。",
    ),
    "page.no_outputs": Text(
        en="No file to make is ticked. Tick at least one under “Files to make”.",
        zh="没有勾选任何输出文件。请在“输出文件”中至少勾选一项。",
    ),
    "page.no_session": Text(en="Upload a clip first.", zh="请先上传视频。"),
    "page.no_file": Text(
        en="The uploaded file is gone, or was never uploaded. Upload it again; in Python give it by handle_file(…).",
        zh="上传的文件已不存在，或从未上传。请重新上传；Python 中请用 handle_file(…) 传入。",
    ),
    "page.text_empty": Text(
        en="Type what to find, or click the target on the frame.",
        zh="请输入要查找的内容，或在画面上点击目标。",
    ),
    "page.address_taken": Text(
        en="Can't listen on {address}: {reason}. {advice}.",
        zh="无法监听 {address}：{reason}。{advice}。",
    ),
}
