"""What a clip's colour tags mean, and the FFmpeg filters that turn its frames into BT.709 or RGB."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pipeline.video_io.clip import ClipInfo, ColourTags
from pipeline.video_io.header_fields import VideoHeader

PixelLayout: TypeAlias = Literal["yuv420p", "rgb24", "rgb24_exact"]
"""Layouts frames are read in. "rgb24_exact" interpolates chroma accurately, at 2.3 times the cost."""

_UNSPECIFIED = 2
_MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "smpte170m",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020nc",
    10: "bt2020c",
}
"""ITU-T H.273 code -> name; 5 (BT.470 BG) has the same coefficients as 6."""
_PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
_TRANSFERS = {
    1: "bt709",
    6: "smpte170m",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}
HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_RGB_PREFIXES = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")
_FULL_RANGE = 2
_FULL_RANGE_PREFIXES = ("yuvj", "gray", "ya8", "mono")
HD_LINES, HD_COLUMNS = 720, 1280
NOMINAL_PEAK_NITS = 203
"""Reference white that HDR is mapped from (ITU-R BT.2408)."""


def resolve_tags(video: VideoHeader) -> ColourTags:
    """Return the colour with gaps filled: untagged HD is BT.709, untagged SD is BT.601.

    The rule speaks of the coded size, before rotation.
    """
    width, height = video.coded_wh
    fallback = "bt709" if height >= HD_LINES or width >= HD_COLUMNS else "smpte170m"
    is_rgb = video.pixel_format.startswith(_RGB_PREFIXES)
    is_full = (
        is_rgb
        or video.colour_range == _FULL_RANGE
        or video.pixel_format.startswith(_FULL_RANGE_PREFIXES)
    )
    matrix = "gbr" if is_rgb else _MATRICES.get(video.matrix, fallback)
    if matrix == "gbr" and not is_rgb:
        matrix = fallback
    assumed = fallback if video.matrix == _UNSPECIFIED else "bt709"
    return ColourTags(
        matrix=matrix,
        primaries=_PRIMARIES.get(video.primaries, assumed),
        transfer=_TRANSFERS.get(video.transfer, "bt709"),
        range="pc" if is_full else "tv",
    )


def frame_filter(info: ClipInfo, layout: PixelLayout) -> str:
    """Return the filter chain from frames of the displayed size (see `size_filter`) to the layout.

    "yuv420p" comes out as BT.709 limited range; where the source is just that already, its samples
    pass through untouched. RGB comes out full range.
    """
    flags = "bicubic"
    if layout == "rgb24_exact":
        flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    if info.is_hdr:
        mapped = _tone_map(info.colour)
        if layout == "yuv420p":
            return f"{mapped},format=yuv420p"
        return (
            f"{mapped},format=yuv444p,"
            f"scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags={flags},format=rgb24"
        )
    if layout == "yuv420p":
        if is_plain(info):
            return "format=yuv420p"
        return (
            f"scale={_input(info.colour)}out_color_matrix=bt709:out_range=tv:"
            "flags=bicubic+accurate_rnd,format=yuv420p"
        )
    return f"scale={_input(info.colour)}out_range=pc:flags={flags},format=rgb24"


def size_filter(size_wh: tuple[int, int]) -> str:
    """Return the filter that goes first: a size that changes inside the clip becomes the first one."""
    return f"scale={size_wh[0]}:{size_wh[1]}"


def is_plain(info: ClipInfo) -> bool:
    """True when decoded samples are 8-bit 4:2:0 BT.709 limited range already."""
    tags = info.colour
    return info.pixel_format == "yuv420p" and (tags.matrix, tags.range) == ("bt709", "tv")


def _input(tags: ColourTags) -> str:
    if tags.matrix == "gbr":
        return ""
    matrix = "bt2020" if tags.matrix.startswith("bt2020") else tags.matrix
    return f"in_color_matrix={matrix}:in_range={tags.range}:"


def _tone_map(tags: ColourTags) -> str:
    matrix = tags.matrix if tags.matrix.startswith("bt2020") else "bt2020nc"
    full = "full" if tags.range == "pc" else "limited"
    return (
        f"zscale=tin={tags.transfer}:min={matrix}:pin=bt2020:rin={full}:"
        f"t=linear:npl={NOMINAL_PEAK_NITS},format=gbrpf32le,zscale=p=bt709,"
        "tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:p=bt709:r=limited"
    )
