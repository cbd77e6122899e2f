"""How finished files look, as plain values that users choose; each control is declared here, once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from utils.errors import BadRequest
from utils.messages import Text
from utils.options import Option, check_ranges

PICTURE = "picture"
"""Name of the background that is the session's own picture."""
NAMED_BACKGROUNDS = ("checker", "grey", "black", "white", PICTURE)
_HINT = f"#RRGGBB, {', '.join(NAMED_BACKGROUNDS)}"
_EXR_ALPHA = ("premultiplied", "straight")
_WEBM_ALPHA = ("lossless", "lossy")
_SIZE_LIMIT_BY = ("scale", "rate")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Edges:
    """How a matte is shaped after the engine; the defaults change nothing.

    `grow_px` moves the edge outwards (negative: inwards), in pixels. `feather_px` is the sigma of a
    blur of the edge, in pixels. `black_point` and `white_point`, in [0, 1], are the alphas that
    become 0 and 1; `gamma` above 1 lightens the values between. `despill` in [0, 1] takes the
    green or blue of a screen out of the edge's colours. `invert` keeps everything but the target, as a
    sky replacement does; the others then shape what is kept.

    Raises:
        BadRequest: a value is out of range, or the white point is not above the black point.
    """

    grow_px: Annotated[
        float,
        Option(
            Text(en="Grow or shrink, px", zh="扩展或收缩（像素）"),
            minimum=-50.0,
            maximum=50.0,
            slider=(-10.0, 10.0, 0.5),
            aliases=("grow",),
        ),
    ] = 0.0
    feather_px: Annotated[
        float,
        Option(
            Text(en="Feather, px", zh="羽化（像素）"),
            minimum=0.0,
            maximum=50.0,
            slider=(0.0, 10.0, 0.5),
            aliases=("feather",),
        ),
    ] = 0.0
    black_point: Annotated[
        float,
        Option(
            Text(en="Black point", zh="黑场"),
            minimum=0.0,
            maximum=0.99,
            slider=(0.0, 0.5, 0.01),
        ),
    ] = 0.0
    white_point: Annotated[
        float,
        Option(
            Text(en="White point", zh="白场"),
            minimum=0.01,
            maximum=1.0,
            slider=(0.51, 1.0, 0.01),
        ),
    ] = 1.0
    gamma: Annotated[
        float,
        Option(
            Text(en="Gamma", zh="伽马"),
            minimum=0.1,
            maximum=10.0,
            slider=(0.3, 3.0, 0.05),
        ),
    ] = 1.0
    despill: Annotated[
        float,
        Option(
            Text(en="Despill", zh="去溢色"),
            minimum=0.0,
            maximum=1.0,
            slider=(0.0, 1.0, 0.05),
        ),
    ] = 0.0
    invert: Annotated[
        bool,
        Option(
            Text(
                en="Invert: keep everything but the target, as for a sky replacement",
                zh="反转：保留目标以外的内容（如替换天空）",
            )
        ),
    ] = False

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.white_point - self.black_point < 0.01:
            allowed = f"> {self.black_point}"
            raise BadRequest(
                "job.value", name="white_point", value=self.white_point, allowed=allowed
            )

    @property
    def changes_alpha(self) -> bool:
        """True when alpha would not come out as it went in."""
        return self.invert or bool(self.grow_px or self.feather_px) or self.changes_levels

    @property
    def changes_levels(self) -> bool:
        """True when the levels differ from the identity."""
        return (self.black_point, self.white_point, self.gamma) != (0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """What lies behind the subject in the foreground clip and in the preview clip.

    Each is "#RRGGBB" or one of `NAMED_BACKGROUNDS`.

    Raises:
        BadRequest: one is neither.
    """

    foreground: Annotated[
        str,
        Option(
            Text(en="Colour behind the foreground", zh="前景视频的底色"),
            name="background",
            hint=_HINT,
        ),
    ] = "#00FF00"
    preview: Annotated[
        str,
        Option(
            Text(en="Background of the preview", zh="预览背景"),
            name="preview_background",
            hint=_HINT,
        ),
    ] = "checker"

    def __post_init__(self) -> None:
        for value in (self.foreground, self.preview):
            if value not in NAMED_BACKGROUNDS and not _COLOUR.fullmatch(value):
                raise BadRequest("job.colour", value=value[:60])

    @property
    def use_picture(self) -> bool:
        """True when the session's own picture is one of them."""
        return PICTURE in (self.foreground, self.preview)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Choices that only some kinds of files know.

    `first_number` None is that of the source's frame where the source is a sequence, else 0.

    Raises:
        BadRequest: a value is out of range.
    """

    first_number: Annotated[
        int | None,
        Option(
            Text(
                en="Number of a sequence's first frame (empty: the source's, else 0)",
                zh="序列首帧编号（留空：与源序列一致，否则为 0）",
            ),
            minimum=0,
            maximum=899_999,
        ),
    ] = None
    exr_alpha: Annotated[
        str,
        Option(
            Text(en="Colour of OpenEXR frames", zh="OpenEXR 的颜色"),
            choices=_EXR_ALPHA,
            choice_labels=(
                Text(en="premultiplied", zh="预乘"),
                Text(en="straight", zh="直接（非预乘）"),
            ),
        ),
    ] = "premultiplied"
    webm_alpha: Annotated[
        str,
        Option(
            Text(en="Alpha of WebM", zh="WebM 的 Alpha 通道"),
            choices=_WEBM_ALPHA,
            choice_labels=(
                Text(en="lossless", zh="无损"),
                Text(en="lossy, smaller file", zh="有损，文件较小"),
            ),
        ),
    ] = "lossless"
    loops: Annotated[
        int,
        Option(
            Text(
                en="How often WebP, APNG and GIF play, 0 for ever",
                zh="WebP、APNG、GIF 的播放次数，0 为无限循环",
            ),
            minimum=0,
            maximum=65_535,
        ),
    ] = 0
    size_limit_mb: Annotated[
        float,
        Option(
            Text(
                en="Largest WebP, APNG or GIF in MB, 0 for no limit",
                zh="WebP、APNG、GIF 的最大体积（MB），0 为不限",
            ),
            minimum=0.0,
            maximum=10_000.0,
        ),
    ] = 0.0
    size_limit_by: Annotated[
        str,
        Option(
            Text(en="What gives way to the size limit", zh="超出体积上限时降低"),
            choices=_SIZE_LIMIT_BY,
            choice_labels=(
                Text(en="picture size", zh="画面尺寸"),
                Text(en="frame rate", zh="帧率"),
            ),
        ),
    ] = "scale"

    def __post_init__(self) -> None:
        check_ranges(self)
        choices = {
            "exr_alpha": _EXR_ALPHA,
            "webm_alpha": _WEBM_ALPHA,
            "size_limit_by": _SIZE_LIMIT_BY,
        }
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed:
                raise BadRequest(
                    "job.value", name=name, value=str(value)[:60], allowed=", ".join(allowed)
                )


@dataclass(frozen=True, slots=True)
class Appearance:
    """Edges, backgrounds and choices of rendered files; `picture` is what "picture" stands for."""

    edges: Edges = Edges()
    backgrounds: Backgrounds = Backgrounds()
    picture: Path | None = None
    files: FileOptions = FileOptions()

    @property
    def foreground_background(self) -> str:
        """A colour, a name, or the path of the picture."""
        return self._resolved(self.backgrounds.foreground)

    @property
    def preview_background(self) -> str:
        """A colour, a name, or the path of the picture."""
        return self._resolved(self.backgrounds.preview)

    def _resolved(self, background: str) -> str:
        if background == PICTURE and self.picture is not None:
            return str(self.picture)
        return background
