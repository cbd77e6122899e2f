"""Texts about sessions, jobs, disk and progress."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "job.clips_failed": Text(
        en="{failed} of {count} clips failed; the others are done. What to do is said above, for each of them.",
        zh="{count} 个视频中有 {failed} 个失败，其余已完成。各自的处理办法见上文。",
    ),
    "job.cancelled": Text(en="Cancelled.", zh="已取消。"),
    "job.internal_error": Text(
        en="Something went wrong on our side. Your clip and selection are kept: run it again, and tell "
        "the admin when it happens twice.",
        zh="程序内部出错。视频和标记都已保留，请重试；若再次出现，请告知管理员。",
    ),
    "job.session_unknown": Text(
        en="There is no such session, or it was cleaned up. Upload the clip again.",
        zh="会话不存在或已被清理。请重新上传视频。",
    ),
    "job.session_removed": Text(
        en="This session was removed on {date} ({reason}). Upload the clip again. “Keep” on a session "
        "protects it.",
        zh="该会话已于 {date} 被删除（{reason}）。请重新上传视频。在会话上选择“长期保留”可避免删除。",
    ),
    "job.session_deleted": Text(
        en="This session was deleted. Restore it under “Recently deleted” on the page or by sessions --restore, or upload "
        "the clip again.",
        zh="该会话已被删除。可在“最近删除”中恢复，也可重新上传视频。",
        page_en="This session was deleted. Restore it under “Recently deleted”, or upload the clip again.",
    ),
    "job.not_deleted": Text(
        en="This session can no longer be restored: it is not among the deleted ones.",
        zh="该会话已无法恢复：它不在最近删除的会话中。",
    ),
    "job.version_unknown": Text(
        en="The session has no version {number} of its result. Choose one of the list.",
        zh="该会话没有版本 {number} 的结果，请从列表中选择。",
    ),
    "job.version_kept": Text(
        en="The former result is version {number}: app.py versions {session} --take {number} takes it back.",
        zh="之前的结果为版本 {number}：用 app.py versions {session} --take {number} 可恢复。",
    ),
    "job.not_marked": Text(
        en="Target {target} has no mark on frame {frame}. Its marked frames: {frames}.",
        zh="目标 {target} 在第 {frame} 帧上没有标记。已标记的帧：{frames:、}。",
    ),
    "job.removed.age": Text(
        en="it had not been used for {hours:hour|hours}", zh="已 {hours} 小时未使用"
    ),
    "job.removed.count": Text(
        en="its owner has more sessions than their share", zh="该用户的会话数超过其份额"
    ),
    "job.removed.disk": Text(en="the disk was almost full", zh="磁盘几乎已满"),
    "job.kept_limit": Text(
        en="You keep {limit:session|sessions} already, which is the limit. Stop keeping one of them first.",
        zh="您已保留 {limit} 个会话，达到上限。请先取消保留其中一个。",
    ),
    "job.disk_share": Text(
        en="The disk is running short, and your sessions hold {held_mb} MB, more than half of what all "
        "sessions hold. Delete some of them for good, or wait until they expire.",
        zh="磁盘空间紧张，您的会话占用 {held_mb} MB，超过全部会话的一半。请永久删除一些会话，或等待其过期。",
    ),
    "job.session_damaged": Text(
        en="This session's state file can't be read. Upload the clip again; the admin can find the old "
        "files in the workspace.",
        zh="该会话的状态文件无法读取。请重新上传视频；管理员可在工作区中找到原文件。",
    ),
    "job.session_newer": Text(
        en="This session was made by a newer SplazMatte (state version {version}; this one reads up to {known}). "
        "Upgrade SplazMatte to open it, or upload the clip again.",
        zh="该会话由更新版本的 SplazMatte 创建（状态版本 {version}，当前程序最高支持 {known}）。请升级 SplazMatte 后再打开，或重新上传视频。",
    ),
    "job.already_running": Text(
        en="This session has a job waiting or running. Wait for it, or cancel it first.",
        zh="该会话已有任务在排队或运行。请等待完成，或先取消。",
    ),
    "job.queue_full": Text(
        en="{limit:job is|jobs are} waiting already, which is the limit. Try again in a while.",
        zh="已有 {limit} 个任务在排队，达到上限。请稍后再试。",
    ),
    "job.client_queue_full": Text(
        en="You have {limit:job|jobs} waiting, which is the limit for one person. Start the next when one "
        "of them is done.",
        zh="您已有 {limit} 个任务在排队，达到每人上限。请等其中一个完成后再开始下一个。",
    ),
    "job.stopping": Text(
        en="SplazMatte is being stopped. Start the job again once it is back.",
        zh="SplazMatte 正在停止。恢复后请重新开始任务。",
    ),
    "job.name_empty": Text(en="A clip needs a name. Type one.", zh="名称不能为空，请输入名称。"),
    "job.target_unknown": Text(
        en="The clip has no target no. {number}. Choose one of the list.",
        zh="没有编号为 {number} 的目标，请从目标列表中选择。",
    ),
    "job.targets_limit": Text(
        en="A clip has at most {limit} targets. Remove one first.",
        zh="一个视频最多有 {limit} 个目标，请先删除一个。",
    ),
    "job.target_name": Text(
        en="The name of a target has at most {limit} characters. Shorten it.",
        zh="目标名称最多 {limit} 个字符，请缩短。",
    ),
    "job.target_locked": Text(
        en="Target “{name}” is locked. Unlock it in the target list to change it.",
        zh="目标“{name}”已锁定。要修改，请先在目标列表中解锁。",
    ),
    "job.no_target": Text(
        en="No target is chosen. Select something on a frame and keep at least one of the found objects, or choose "
        "“Keep everybody, without a mark”.",
        zh="尚未选定目标。请在任意一帧上标记目标，并至少保留一个找到的对象；或勾选“保留所有人，无需标记”。",
    ),
    "job.range": Text(
        en="Frames {first} to {last} are not a range of this clip of {frames:frame|frames} (0 to {end}).",
        zh="第 {first} 到 {last} 帧不在该视频范围内（共 {frames} 帧，帧号 0 到 {end}）。",
    ),
    "job.frame_range": Text(
        en="Frame {frame} is not in this clip of {frames:frame|frames} (0 to {end}).",
        zh="第 {frame} 帧不在该视频中（共 {frames} 帧，帧号 0 到 {end}）。",
    ),
    "job.outside_result": Text(
        en="The result has no frame {frame}: it has frames {first} to {last}.",
        zh="结果中没有第 {frame} 帧：结果包含第 {first} 到 {last} 帧。",
    ),
    "job.start_outside_range": Text(
        en="The selection is on frame {start}, outside the in and out points {first} to {last}. "
        "Select the target on a frame between them.",
        zh="标记位于第 {start} 帧，不在入点 {first} 与出点 {last} 之间。请在此范围内的帧上标记目标。",
    ),
    "job.targets_left_out": Text(
        en="Not in this result, since their marks all lie outside the in and out points {first} to {last}: {names}. Mark them on "
        "a frame between, and start again.",
        zh="结果中不包含以下目标，因为其标记都不在入点 {first} 与出点 {last} 之间：{names:、}。请在此范围内标记后重新开始。",
    ),
    "job.about_target": Text(en="{target}: {said}", zh="{target}：{said}"),
    "job.source_masks": Text(
        en="The target is marked by the clip's own transparency alone, so that is the mask of every frame and "
        "nothing was tracked. With any other mark the target is tracked.",
        zh="目标只由视频自带的 Alpha 通道标记，因此每一帧的蒙版都取自该通道，未做跟踪。加上其他标记后会改为跟踪。",
    ),
    "job.strokes_ignored": Text(
        en="Frame {frame}: {name} did not follow the brush or eraser; near a mask's edge it decides by itself. The built-in "
        "engine keeps to the mask.",
        zh="第 {frame} 帧：{name} 未按画笔或橡皮擦的修改处理，它自行判断蒙版边缘附近的内容。内置引擎会按蒙版处理。",
    ),
    "job.output_unknown": Text(
        en="There is no output “{name}”. Outputs: {known}.",
        zh="没有名为“{name}”的输出。可选输出：{known:、}。",
    ),
    "job.no_output": Text(
        en="No output is chosen. Choose at least one of: {known}.",
        zh="未选择任何输出。请至少选择一项：{known:、}。",
    ),
    "job.colour": Text(
        en="“{value}” is not a colour. Write it as #RRGGBB, for instance #00FF00.",
        zh="“{value}”不是有效的颜色。请写成 #RRGGBB，例如 #00FF00。",
    ),
    "job.value": Text(
        en="{name} can't be {value}. Allowed: {allowed}.",
        zh="{name} 的值不能是 {value}。允许：{allowed:、}。",
    ),
    "job.folder_missing": Text(
        en="The folder {folder} does not exist. Make it first, or name another.",
        zh="文件夹 {folder} 不存在。请先创建，或指定其他位置。",
    ),
    "job.folder_unusable": Text(
        en="The folder {folder} can't be written. Name a folder you may write to.",
        zh="文件夹 {folder} 无法写入。请指定有写入权限的位置。",
    ),
    "job.folder_of_sessions": Text(
        en="This output folder is inside the workspace, where sessions keep their files. Name another folder.",
        zh="输出文件夹位于工作区的会话文件夹内，会覆盖会话自身的文件。请指定其他文件夹。",
    ),
    "job.output_is_folder": Text(
        en="{path} is a folder. Name a PNG file for the mask.",
        zh="{path} 是文件夹。请指定用于保存蒙版的 PNG 文件。",
    ),
    "job.picture_no_file": Text(
        en="There is no such picture file. Check the path.", zh="找不到该图片文件，请检查路径。"
    ),
    "job.out_alone": Text(
        en="--out needs --export N, the version to export.",
        zh="--out 需要与 --export N 一起使用，N 为要导出的版本。",
    ),
    "job.version_current": Text(
        en="Version {number} is the current result, which can't be deleted by itself. Take another version first, or "
        "delete the session.",
        zh="版本 {number} 是当前结果，不能单独删除。请先启用其他版本，或删除整个会话。",
    ),
    "job.export_folder": Text(
        en="--export needs --out DIR, the folder for the files.",
        zh="--export 需要用 --out DIR 指定存放文件的文件夹。",
    ),
    "job.dry_run": Text(
        en="--dry-run goes with --clean alone. Nothing was deleted or restored.",
        zh="--dry-run 只能与 --clean 一起使用。没有删除或恢复任何会话。",
    ),
    "job.source_overwritten": Text(
        en="The output {output} would overwrite {path}, which is the clip itself. Name another folder.",
        zh="输出 {output} 会覆盖 {path}，即视频本身。请指定其他文件夹。",
    ),
    "job.outputs_gone": Text(
        en="Files of this result were removed from the workspace: {names}. Render them again, or start matting again.",
        zh="该结果的文件已从工作区中删除：{names:、}。请重新渲染，或重新抠图。",
    ),
    "job.no_result": Text(
        en="There is no matte yet. Start matting first.",
        zh="还没有抠图结果。请先开始抠图。",
    ),
    "job.disk_before": Text(
        en="The job needs about {needed_mb} MB, and {free_mb} MB are free ({reserve_mb} MB stay in "
        "reserve). Choose fewer outputs, delete old sessions for good if there are any, or free space on the "
        "disk otherwise; the admin can also lower the reserve, SPLAZMATTE_MIN_FREE_DISK_BYTES.",
        zh="该任务约需 {needed_mb} MB，磁盘剩余 {free_mb} MB（需保留 {reserve_mb} MB）。请减少输出文件，永久删除旧会话（如果有），"
        "或清理磁盘上的其他文件；管理员也可以调低保留空间 SPLAZMATTE_MIN_FREE_DISK_BYTES。",
    ),
    "job.disk_full": Text(
        en="The disk is full ({free_mb} MB free), so this could not be written. Free some space, also by deleting "
        "old sessions for good if there are any, then try again.",
        zh="磁盘已满（剩余 {free_mb} MB），无法写入。请清理磁盘空间（如有旧会话，可永久删除）后重试。",
    ),
    "job.folder_full": Text(
        en="The disk of {folder} is full ({free_mb} MB free), so not all files could be written there. Free some space, or "
        "name another folder.",
        zh="{folder} 所在磁盘已满（剩余 {free_mb} MB），部分文件无法写入。请释放空间，或指定其他文件夹。",
    ),
    "job.result_kept": Text(
        en="The result is kept and needs no new matting: app.py versions {session} --export {number} --out DIR "
        "writes its files.",
        zh="结果已保留，无需重新抠图：用 app.py versions {session} --export {number} --out DIR 写出文件。",
    ),
    "job.disk_during": Text(
        en="The disk ran low ({free_mb} MB free), so the job was stopped and its unfinished files were "
        "removed. Your clip is kept: free some space, also by deleting old sessions for good if there are "
        "any, then run it again.",
        zh="磁盘空间不足（剩余 {free_mb} MB），任务已停止，未完成的文件已删除。视频已保留：请清理磁盘空间（如有旧会话，可永久删除）后重试。",
    ),
    "job.disk_denied": Text(
        en="The folder of sessions can't be written ({reason}). Ask the admin to give this program's user the right "
        "to, or to name another folder by SPLAZMATTE_WORKSPACE_DIR.",
        zh="无法写入会话文件夹（{reason}）。请管理员授予本程序的用户写入权限，或用 SPLAZMATTE_WORKSPACE_DIR 指定其他文件夹。",
    ),
    "job.frames_missing": Text(
        en="The engine gave {got} of {wanted} frames. Nothing was written; run it again.",
        zh="引擎只输出了 {wanted} 帧中的 {got} 帧。未写入任何文件；请重试。",
    ),
    "job.no_picture": Text(
        en="This session has no background picture yet. Upload a PNG or JPEG in the page, give --background-picture on "
        "the command line, or choose another background.",
        zh="该会话还没有背景图片。请上传 PNG 或 JPEG，或选择其他背景。",
        page_en="This session has no background picture yet. Upload a PNG or JPEG, or choose another background.",
    ),
    "job.background_picture": Text(
        en="This picture can't be used as a background. Give a PNG or JPEG of at most {limit} pixels a side.",
        zh="该图片无法用作背景。请提供每边不超过 {limit} 像素的 PNG 或 JPEG。",
    ),
    "job.clean_plate": Text(
        en="This picture can't be used as a clean plate. Give a PNG or JPEG of the clip's shape ({width} x {height}), "
        "at most {limit} pixels a side.",
        zh="该图片无法用作干净背景板。请提供与视频画面比例相同（{width} x {height}）、每边不超过 {limit} 像素的 PNG 或 JPEG。",
    ),
    "job.clean_plate_kept": Text(
        en="The clean plate is kept for this clip's next jobs.",
        zh="干净背景板已保存，将用于该视频之后的任务。",
    ),
    "job.converged": Text(
        en="The correction changed frames {first} to {last}. The matte of all other frames is as it was.",
        zh="本次修正影响第 {first} 至 {last} 帧；此外的遮罩与之前相同，已直接沿用。",
    ),
    "job.stage.prepare": Text(
        en="Preparing: loading networks and looking at the first frames",
        zh="正在准备：加载网络并分析首批帧",
    ),
    "job.stage.track": Text(en="Tracking", zh="跟踪"),
    "job.stage.load": Text(en="Loading the model", zh="加载模型"),
    "job.stage.matte": Text(en="Matting", zh="抠图"),
    "job.stage.encode": Text(en="Encoding frames", zh="编码画面"),
    "job.stage.windows": Text(en="Matting windows", zh="分段抠图"),
    "job.stage.decode": Text(en="Decoding mattes", zh="解码遮罩"),
    "job.stage.send": Text(en="Sending to the service", zh="发送到服务"),
    "job.stage.wait": Text(en="Waiting for the service", zh="等待服务"),
    "job.stage.render": Text(en="Rendering files", zh="渲染文件"),
    "job.stage.shrink": Text(en="Meeting the size limit", zh="压缩至大小上限"),
    "job.stage.finish": Text(en="Finishing files", zh="完成文件编码"),
}
