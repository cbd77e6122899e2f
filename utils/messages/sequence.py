"""Texts about sequences of numbered pictures."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "sequence.none": Text(
        en="There are no numbered pictures here. A sequence has a number before the suffix, such as "
        "shot.0001.png; suffixes: {suffixes}.",
        zh="这里没有带编号的图像。序列文件的扩展名前应有编号，例如 shot.0001.png；支持的扩展名：{suffixes:、}。",
    ),
    "sequence.several": Text(
        en="There are several sequences: {names}. Give one of them: its pattern on the command line, or a folder "
        "or ZIP with that one alone.",
        zh="包含多个序列：{names:、}。请只提供其中一个：在命令行给出其文件名模式，或使用只含该序列的文件夹或 ZIP。",
    ),
    "sequence.no_match": Text(
        en="No picture is called {pattern}. Check the name, the number of digits and the range.",
        zh="没有与 {pattern} 匹配的图像。请检查文件名、编号位数和范围。",
    ),
    "sequence.duplicate": Text(
        en="There are two pictures called {name}. Choose the pictures of one folder.",
        zh="有两个名为 {name} 的图像。请只选择一个文件夹中的图像。",
    ),
    "sequence.single": Text(
        en="{name} is one picture. Choose all pictures of the sequence, or a ZIP of them; on the command line give "
        "the folder or a pattern such as shot.%04d.png.",
        zh="{name} 是单张图像，无法单独处理。请选择图像序列的全部图像，或它们的 ZIP。",
        page_en="{name} is one picture. Choose all pictures of the sequence, or a ZIP of them.",
    ),
    "sequence.missing": Text(
        en="Pictures of {pattern} are missing: {numbers}. Render them, or hold the one before each gap: the box "
        "under the upload buttons, or --missing hold.",
        zh="{pattern} 缺少图像：{numbers}。请补渲染，或用缺口前的一张代替：勾选上传按钮下方的选项。",
        page_en="Pictures of {pattern} are missing: {numbers}. Render them, or hold the one before each gap: tick the box "
        "under the upload buttons.",
    ),
    "sequence.sizes": Text(
        en="The pictures differ in size: {first} has {first_size}, {name} has {size}. Render all at one size.",
        zh="图像尺寸不一致：{first} 为 {first_size}，{name} 为 {size}。请统一尺寸后再上传。",
    ),
    "sequence.unreadable": Text(
        en="The picture {name} can't be read: it is damaged, far beyond the size limit, or not of the type that its "
        "suffix says. Render or copy it again.",
        zh="无法读取图像 {name}：文件损坏、尺寸远超上限，或内容与扩展名不符。请重新渲染或复制。",
    ),
    "sequence.exr_channels": Text(
        en="{name} has no colour that can be read. It needs the channels R, G and B (or Y) at full resolution, "
        "without a layer's name or in one layer alone; it has: {channels}.",
        zh="{name} 中没有可读取的颜色。需要全分辨率的 R、G、B（或 Y）通道，不带图层名，或只在一个图层中；现有通道：{channels:、}。",
    ),
    "sequence.failed": Text(
        en="The pictures could not be made into a clip. Try again; if that fails, render them as 8- or 16-bit PNG.",
        zh="无法将图像转换为视频。请重试；若仍失败，请渲染为 8 位或 16 位 PNG。",
    ),
    "sequence.switched_off": Text(
        en="Picture sequences are switched off here: they need the container mkv and the codec ffv1, which the "
        "administrator has excluded. Upload a video file.",
        zh="此处未启用图像序列：需要 mkv 容器和 ffv1 编码，管理员已将其排除。请上传视频文件。",
    ),
    "sequence.zip_damaged": Text(
        en="The ZIP is damaged or cut off. Make it again, then upload it.",
        zh="ZIP 文件损坏或不完整。请重新打包后上传。",
    ),
    "sequence.zip_path": Text(
        en="The ZIP has an entry that leads out of it ({name}). Pack the pictures alone, without links.",
        zh="ZIP 中有指向包外的条目（{name}）。请只打包图像本身，不要包含链接。",
    ),
    "sequence.zip_method": Text(
        en="{name} in the ZIP is encrypted, or packed in a way we don't read. Pack with store or deflate, without a "
        "password.",
        zh="ZIP 中的 {name} 已加密，或压缩方式不支持。请使用“存储”或 deflate 方式打包，不要设置密码。",
    ),
    "sequence.zip_directory": Text(
        en="The ZIP lists far more files than a sequence may have. Pack the pictures of one sequence alone.",
        zh="ZIP 中的文件数量远超序列上限。请只打包一个序列的图像。",
    ),
    "sequence.too_big": Text(
        en="The pictures have more than {limit_mb} MB together, the limit. Cut the sequence shorter, or use "
        "a compressed format.",
        zh="图像总大小超过上限 {limit_mb} MB。请缩短序列，或使用压缩格式。",
    ),
    "sequence.taken": Text(
        en="Sequence {pattern}, {first} to {last}: {frames} pictures at {fps} frames a second, without sound.",
        zh="序列 {pattern}，{first} 至 {last}：共 {frames} 张，每秒 {fps} 帧，无声音。",
    ),
    "sequence.taken_at_own_rate": Text(
        en="Sequence {pattern}, {first} to {last}: {frames} pictures at {fps} frames a second, as they state, without "
        "sound.",
        zh="序列 {pattern}，{first} 至 {last}：共 {frames} 张，每秒 {fps} 帧（取自图像文件头），无声音。",
    ),
    "sequence.taken_at_default": Text(
        en="Sequence {pattern}, {first} to {last}: {frames} pictures at {fps} frames a second, the default (no rate was "
        "given and the pictures state none), without sound.",
        zh="序列 {pattern}，{first} 至 {last}：共 {frames} 张，每秒 {fps} 帧（默认值：未指定帧率，图像中也没有），无声音。",
    ),
    "sequence.held": Text(
        en="Missing pictures: {numbers}. The one before each gap is held.",
        zh="缺少的图像：{numbers}。已用缺口前的一张代替。",
    ),
    "sequence.clipped": Text(
        en="{count} of {frames} pictures have values above 1. Linear light becomes sRGB for matting and all outputs, "
        "and what is brighter than 1 is clipped: put the matte on the original pictures to keep it.",
        zh="{frames} 张图像中有 {count} 张含大于 1 的值。抠图和输出使用 sRGB，大于 1 的亮度会被截断；如需保留，请将遮罩用于原始图像。",
    ),
    "sequence.logarithmic": Text(
        en="The DPX files say that they are logarithmic. They become sRGB by Cineon's curve (black 95, white 685), "
        "and what is brighter than white is clipped.",
        zh="DPX 文件标明为对数编码。已按 Cineon 曲线（黑 95，白 685）转换为 sRGB，亮于白点的部分会被截断。",
    ),
    "sequence.primaries": Text(
        en="The pictures state other primaries than those of BT.709 (in OpenEXR's header or a colour profile). Their "
        "values are kept as they are, as if they were BT.709.",
        zh="图像标明的基色不是 BT.709（见 OpenEXR 文件头或色彩配置文件）。数值按原样保留，视作 BT.709。",
    ),
}
