"""Texts about uploads, decoding and encoding."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "video.not_a_file": Text(
        en="This is not a regular file. Give a video file, such as mp4 or mov.",
        zh="这不是普通文件。请提供视频文件，例如 mp4 或 mov。",
    ),
    "video.missing": Text(
        en="There is no such file. Check the path.", zh="找不到该文件，请检查路径。"
    ),
    "video.folder": Text(
        en="This is a folder without numbered pictures of a kind that is read ({suffixes}). Give a video file, such as an mp4 "
        "or mov, or the folder of a sequence such as shot.0001.png.",
        zh="该文件夹中没有可读取的带编号图像（{suffixes:、}）。请提供视频文件（例如 mp4 或 mov），或图像序列（例如 shot.0001.png）所在的文件夹。",
    ),
    "video.empty": Text(
        en="The file is empty. Export or copy the clip again, then upload it.",
        zh="文件是空的。请重新导出或复制视频后再上传。",
    ),
    "video.too_big": Text(
        en="The file has {size_mb} MB; the limit is {limit_mb} MB. Upload a shorter or smaller clip.",
        zh="文件大小为 {size_mb} MB，上限为 {limit_mb} MB。请上传更短或更小的视频。",
    ),
    "video.unreadable": Text(
        en="This is not a video we can read. Use {formats}, and check that the clip plays elsewhere.",
        zh="无法读取该视频。请使用 {formats:、} 格式，并确认它能在其他播放器中播放。",
    ),
    "video.other_kind": Text(
        en="The file is of the type {kind}, which is not accepted. Use a video file: {formats}.",
        zh="该文件是 {kind} 格式，不支持。请使用视频文件：{formats:、}。",
    ),
    "video.still_webp": Text(
        en="The file is a WebP of one picture, no animation. Use a video file: {formats}.",
        zh="该文件是单张 WebP 图像，不是动画。请使用视频文件：{formats:、}。",
    ),
    "video.no_index": Text(
        en="The file is cut off: the index that MP4 and MOV need (moov) is missing, as after a broken-off recording, "
        "export or download. Export or copy it again in full.",
        zh="文件不完整：缺少 MP4 和 MOV 所需的索引（moov），常见于录制、导出或下载中断。请重新完整导出或复制。",
    ),
    "video.zeros": Text(
        en="The file begins with nothing but zeros, as after a broken-off copy or download. Export or copy it again.",
        zh="文件开头全是零字节，常见于复制或下载中断。请重新导出或复制。",
    ),
    "video.text_file": Text(
        en="This is not a video we can read but a text file, such as the web page or error message that a failed "
        "download leaves. Download or copy the clip again; it may be {formats}.",
        zh="这不是视频，而是文本文件，例如下载失败时留下的网页或错误信息。请重新下载或复制视频（支持 {formats:、}）。",
    ),
    "video.more_pictures": Text(
        en="The file has {tracks} video tracks; track {number} is used: the default one, else the first. Still "
        "pictures don't count.",
        zh="该文件包含 {tracks} 条视频轨；使用第 {number} 条（默认轨，没有则为第一条；静止图像不计）。",
    ),
    "video.alpha_track": Text(
        en="The clip keeps its transparency in a track of its own, as AVIF sequences do. That track is not read, so "
        "the clip counts as opaque. To keep its transparency, convert it to animated WebP, or to WebM or MOV with "
        "alpha.",
        zh="该文件的透明度保存在单独的轨道中（AVIF 序列的方式），无法读取，按不透明处理。如需保留，请转换为动态 WebP，或带 Alpha 的 WebM、MOV。",
    ),
    "video.speed_ignored": Text(
        en="The file's edit list asks for another speed (slow or fast motion, or a freeze). That is not applied: all "
        "frames are here at the speed they were recorded at. Export the clip from your editor to keep its speed.",
        zh="该文件的编辑列表要求变速（慢放、快放或定格），此处不应用：所有帧按录制速度处理。如需保留变速，请先在剪辑软件中导出。",
    ),
    "video.gap_ignored": Text(
        en="The file's edit list has a gap without a picture. It is filled with pictures from the clip's start: check the "
        "frames there, or export the clip from your editor.",
        zh="该文件的编辑列表中有一段没有画面，此处由视频开头的画面填充：请检查这些帧，或先在剪辑软件中导出。",
    ),
    "video.no_video": Text(
        en="There is no video in this file. Choose a clip with moving pictures.",
        zh="该文件中没有视频画面。请选择包含画面的视频。",
    ),
    "video.codec": Text(
        en="The codec {codec} is not accepted. Convert the clip to one of these: {accepted}.",
        zh="不支持编码格式 {codec}。请转换为以下格式之一：{accepted:、}。",
    ),
    "video.encrypted": Text(
        en="The picture is encrypted for copy protection ({coding}), and the key is not in the file. Use a copy "
        "without protection.",
        zh="画面带有版权保护加密（{coding}），文件中没有密钥。请使用未加密的版本。",
    ),
    "video.streams": Text(
        en="The file has {streams} streams, which is too many; the limit is {limit}. Export just the "
        "picture and its sound.",
        zh="文件包含 {streams} 条流，超过上限 {limit}。请只导出画面和声音。",
    ),
    "video.size": Text(
        en="The picture is {width}x{height}; the limit is {long_side}x{short_side} in either "
        "orientation. Scale the clip down.",
        zh="画面尺寸为 {width}x{height}，上限为 {long_side}x{short_side}（横竖均可）。请缩小视频。",
    ),
    "video.too_small": Text(
        en="The picture is {width}x{height}; each side needs at least {limit} pixels. Choose a larger clip.",
        zh="画面尺寸为 {width}x{height}，每边至少需要 {limit} 像素。请选择更大的视频。",
    ),
    "video.frame_rate": Text(
        en="The frame rate {fps} is not accepted; the limit is {limit} frames a second. Convert the clip "
        "to a usual rate.",
        zh="不支持帧率 {fps}，上限为每秒 {limit} 帧。请转换为常用帧率。",
    ),
    "video.too_many_frames": Text(
        en="The clip has {frames} frames, which is more than {limit}. Cut it shorter.",
        zh="视频共 {frames} 帧，超过上限 {limit} 帧。请剪短后再上传。",
    ),
    "video.too_long": Text(
        en="The clip is {seconds:duration} long, longer than {limit:duration}. Cut it shorter.",
        zh="视频时长 {seconds:时长}，超过上限 {limit:时长}。请剪短后再上传。",
    ),
    "video.probe_timeout": Text(
        en="Reading the file took longer than {limit:duration}, so it was stopped. Convert the clip to H.264 mp4.",
        zh="读取文件超过 {limit:时长}，已停止。请将视频转换为 H.264 编码的 mp4。",
    ),
    "video.no_frames": Text(
        en="No frame of this file can be decoded. Export or copy the clip again.",
        zh="该文件没有可解码的画面。请重新导出或复制视频。",
    ),
    "video.cut_off": Text(
        en="{frames} of {expected} frames could be read: the file looks cut off. Export or copy it again "
        "if the end is missing.",
        zh="只读到 {expected} 帧中的 {frames} 帧：文件似乎不完整。如果结尾缺失，请重新导出或复制。",
    ),
    "video.cut_off_seconds": Text(
        en="{seconds:duration} of {expected_s:duration} could be read: the file looks cut off. Export or copy it again "
        "if the end is missing.",
        zh="只读到 {expected_s:时长}中的 {seconds:时长}：文件似乎不完整。如果结尾缺失，请重新导出或复制。",
    ),
    "video.cut_off_end": Text(
        en="{frames:frame|frames} could be read, but the file ends in the middle of something: it looks cut off. Export or "
        "copy it again if the end is missing.",
        zh="读到 {frames} 帧，但文件在数据中途结束：文件似乎不完整。如果结尾缺失，请重新导出或复制。",
    ),
    "video.damaged_from": Text(
        en="The file is damaged from about {at_s:duration} on: {frames} of {expected} frames could be read. Export or copy "
        "it again.",
        zh="文件从约 {at_s:时长}起损坏：只读到 {expected} 帧中的 {frames} 帧。请重新导出或复制。",
    ),
    # Sessions from before the place was told have it.
    "video.damaged": Text(
        en="Parts of the file are damaged; {frames:frame|frames} could be read and some may look wrong. Check "
        "the result, or export the clip again.",
        zh="文件部分损坏：读到 {frames} 帧，其中一些画面可能异常。请检查结果，或重新导出视频。",
    ),
    "video.damaged_at": Text(
        en="The file is damaged near {at_s:duration}; {frames:frame|frames} could be read and some may look wrong. Check "
        "the result there, or export the clip again.",
        zh="文件在约 {at_s:时长}处损坏：读到 {frames} 帧，其中一些画面可能异常。请检查该处的结果，或重新导出视频。",
    ),
    "video.subtitles_left_out": Text(
        en="The clip has subtitles (tracks: {tracks}); the files carry none.",
        zh="该视频有 {tracks} 条字幕轨；输出文件不包含字幕。",
    ),
    "video.size_changes": Text(
        en="The picture size changes inside the clip; every frame is scaled to {width}x{height}.",
        zh="视频中途画面尺寸发生变化，所有画面都会缩放到 {width}x{height}。",
    ),
    "video.odd_size": Text(
        en="{width}x{height} has an odd side. H.264 needs even sides, so MP4s are padded to "
        "{even_width}x{even_height}; PNG, ProRes and WebM keep the exact size.",
        zh="{width}x{height} 含有奇数边长。H.264 需要偶数，MP4 会补边到 {even_width}x{even_height}；"
        "PNG、ProRes 和 WebM 保持原尺寸。",
    ),
    "video.hdr": Text(
        en="This is an HDR clip ({transfer}). It is tone-mapped to SDR (BT.709) for matting and for all "
        "outputs.",
        zh="这是 HDR 视频（{transfer}）。抠图和所有输出都会经色调映射转为 SDR（BT.709）。",
    ),
    "video.pixel_aspect": Text(
        en="The clip's pixels are not square ({aspect}). Video files say so to the player, and the page "
        "shows the clip as players do. Frames of a sequence are not stretched: set this pixel aspect in your editor if it does "
        "not read it from them.",
        zh="该视频的像素不是方形（{aspect}）。视频文件会告知播放器，页面也按播放器的比例显示；序列帧未作拉伸，"
        "请在剪辑软件中设置此像素长宽比。",
    ),
    "video.interlaced": Text(
        en="This clip is interlaced. Its frames are kept as they are; deinterlace it first for clean edges.",
        zh="这是隔行扫描视频，画面按原样保留。若需干净的边缘，请先去隔行。",
    ),
    "video.has_alpha": Text(
        en="This clip has its own transparency. Matting reads it only where it marks the target: --source-alpha, or "
        "“Use the clip's transparency” on the page.",
        zh="该视频自带 Alpha 通道。只有用“使用视频自带的 Alpha 通道”标记目标时，抠图才会读取它。",
        page_en="This clip has its own transparency. Matting reads it only where it marks the target: "
        "“Use the clip's transparency”.",
    ),
    "video.disk_before": Text(
        en="The clip needs {needed_mb} MB, and {free_mb} MB are free ({reserve_mb} MB stay in reserve). Delete old "
        "sessions for good if there are any, or free space on the disk otherwise, then upload it again; the admin can "
        "also lower the reserve, SPLAZMATTE_MIN_FREE_DISK_BYTES.",
        zh="该视频需要 {needed_mb} MB，磁盘剩余 {free_mb} MB（需保留 {reserve_mb} MB）。请永久删除旧会话（如果有），或清理磁盘上的其他文件，"
        "再重新上传；管理员也可以调低保留空间 SPLAZMATTE_MIN_FREE_DISK_BYTES。",
    ),
    "video.alpha_straight": Text(
        en="Its colours are taken as straight. If its soft edges come out too dark, upload it again with colours "
        "“premultiplied” (--alpha-mode premultiplied).",
        zh="其颜色按直接（非预乘）读取。如果柔和边缘发黑，请在上传时选择“预乘”后重新上传。",
        page_en="Its colours are taken as straight. If its soft edges come out too dark, upload it again with colours "
        "“premultiplied”.",
    ),
    "video.alpha_premultiplied": Text(
        en="Its colours are taken as premultiplied, and divided by alpha on reading. If its soft edges come out too "
        "bright, upload it again with colours “straight” (--alpha-mode straight).",
        zh="其颜色按预乘读取，并在读取时除以 Alpha。如果柔和边缘过亮，请在上传时选择“直接（非预乘）”后重新上传。",
        page_en="Its colours are taken as premultiplied, and divided by alpha on reading. If its soft edges come out too "
        "bright, upload it again with colours “straight”.",
    ),
    "video.gif_may_have_alpha": Text(
        en="If this GIF has transparent parts: matting does not read them, but a frame's can be the starting mask: "
        "--source-alpha, or “Use the clip's transparency” on the page.",
        zh="如果该 GIF 有透明部分：抠图时不会读取，但可用“使用视频自带的 Alpha 通道”将某一帧的透明度作为起始蒙版。",
        page_en="If this GIF has transparent parts: matting does not read them, but a frame's can be the starting mask: "
        "“Use the clip's transparency”.",
    ),
    "video.scaled_to_limit": Text(
        en="{file} was scaled to {width}x{height} to stay under the size limit.",
        zh="{file} 已缩小到 {width}x{height}，以满足体积上限。",
    ),
    "video.rate_to_limit": Text(
        en="{file} shows {frames:frame|frames}, {rate} a second, to stay under the size limit. Its length is unchanged.",
        zh="{file} 显示 {frames} 帧（每秒 {rate} 帧），以满足体积上限。总时长不变。",
    ),
    "video.over_limit": Text(
        en="{file} has {size_mb} MB and can't be brought down to {limit_mb} MB. Choose a shorter range.",
        zh="{file} 为 {size_mb} MB，无法降到 {limit_mb} MB。请选择更短的范围。",
    ),
    "video.pictures_merged": Text(
        en="{file} shows {frames} of {of} frames: this format can't show more than 50 a second. Its length is "
        "unchanged.",
        zh="{file} 显示 {of} 帧中的 {frames} 帧：该格式每秒最多显示 50 帧。总时长不变。",
    ),
    "video.audio_converted": Text(
        en="{file}: its format can't hold {codec} sound, so the sound was converted to {target}.",
        zh="{file}：该格式无法存放 {codec} 音频，已转换为 {target}。",
    ),
    "video.audio_lost": Text(
        en="{file}: the clip's sound ({codec}) can neither be copied nor converted, so this file has none. "
        "Convert the sound to AAC or WAV to keep it.",
        zh="{file}：视频的声音（{codec}）既无法复制也无法转换，该文件没有声音。请将声音转换为 AAC 或 WAV。",
    ),
    "video.audio_left_out": Text(
        en="The clip has {tracks} sound tracks; the files carry {kept} of them, beginning with track {number}.",
        zh="该视频有 {tracks} 条音轨；文件只保留其中 {kept} 条，从第 {number} 条开始。",
    ),
    "video.disk_full": Text(
        en="The disk is full ({free_mb} MB free), so writing {file} stopped and unfinished files were "
        "removed. Free some space, then run it again.",
        zh="磁盘空间不足（剩余 {free_mb} MB），写入 {file} 时停止，未完成的文件已删除。请清理空间后重试。",
    ),
    "video.decode_failed": Text(
        en="The clip could not be decoded at frame {frame}. Run it again; if that fails, convert the clip "
        "to H.264 mp4.",
        zh="解码第 {frame} 帧时失败。请重试；若仍失败，请将视频转换为 H.264 编码的 mp4。",
    ),
    "video.decode_stuck": Text(
        en="The decoder made no progress for {limit:duration} and was stopped. Run it again; if that fails, "
        "convert the clip to H.264 mp4.",
        zh="解码器 {limit:时长}没有进展，已停止。请重试；若仍失败，请将视频转换为 H.264 编码的 mp4。",
    ),
    "video.encode_failed": Text(
        en="{file} could not be written. Run it again, and tell the admin when it happens twice.",
        zh="{file} 写入失败。请重试；若再次出现，请告知管理员。",
    ),
    "video.no_memory": Text(
        en="This machine ran out of memory while {file} was made. Close other programs, make fewer files at a time, "
        "or use a smaller clip.",
        zh="生成 {file} 时内存不足。请关闭其他程序、减少同时生成的文件，或使用更小的视频。",
    ),
    "video.check_failed": Text(
        en="{file} did not pass its check: {got} of {wanted} frames. It was removed; run it again.",
        zh="{file} 未通过检查：{wanted} 帧中只有 {got} 帧。已删除该文件，请重试。",
    ),
    "video.master_damaged": Text(
        en="The kept alpha of this session is damaged. Run the matting again.",
        zh="该会话保存的 Alpha 通道已损坏。请重新抠图。",
    ),
    "video.ffmpeg_missing": Text(
        en="FFmpeg does not start ({path}). Run `bash scripts/setup_env.sh`, or set SPLAZMATTE_FFMPEG_PATH "
        "to a working FFmpeg 5.1 or newer.",
        zh="FFmpeg 无法启动（{path}）。请运行 `bash scripts/setup_env.sh`，或将 SPLAZMATTE_FFMPEG_PATH "
        "设为可用的 FFmpeg 5.1 或更高版本。",
    ),
    "video.ffmpeg_old": Text(
        en="FFmpeg {version} ({path}) is too old; 5.1 or newer is needed. Unset SPLAZMATTE_FFMPEG_PATH to "
        "use the one that came with SplazMatte.",
        zh="FFmpeg {version}（{path}）版本过旧，需要 5.1 或更高版本。可取消 SPLAZMATTE_FFMPEG_PATH 以使用自带版本。",
    ),
    "video.no_encoder": Text(
        en="FFmpeg ({path}) can't write {file}: HEVC with alpha takes an FFmpeg whose x265 supports alpha, such as "
        "the one that came with SplazMatte. Unset SPLAZMATTE_FFMPEG_PATH to use that one, or leave {kind} out; "
        "ProRes 4444 (prores) holds alpha too.",
        zh="FFmpeg（{path}）无法写入 {file}：带 Alpha 通道的 HEVC 需要 x265 支持 Alpha 的版本（如自带版本）。"
        "可取消 SPLAZMATTE_FFMPEG_PATH 以使用自带版本，或不输出 {kind}；ProRes 4444（prores）同样包含 Alpha 通道。",
    ),
    "video.sequence_times": Text(
        en="The clip's frame rate is variable, and picture sequences hold no times: at {fps} frames a second theirs are up "
        "to {seconds:duration} away from the clip's. Video files (ProRes 4444, for instance) keep each frame's time.",
        zh="该视频为可变帧率，而图像序列不含时间信息：按 {fps} 帧/秒导入时，画面与原片最多相差 {seconds:时长}。"
        "视频文件（如 ProRes 4444）保留每帧的时间。",
    ),
    "video.alpha_count": Text(
        en="The engine gave {got} of {wanted} frames. Nothing was written; run it again or choose "
        "another engine.",
        zh="引擎只输出了 {wanted} 帧中的 {got} 帧。未写入任何文件；请重试或更换引擎。",
    ),
    "video.alpha_size": Text(
        en="The engine gave an unusable alpha ({got} instead of {wanted}). Nothing was written; run it "
        "again or choose another engine.",
        zh="引擎输出的 Alpha 通道无效（{got}，应为 {wanted}）。未写入任何文件；请重试或更换引擎。",
    ),
}
