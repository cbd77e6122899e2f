"""What a clip's colour tags mean, and the FFmpeg filters that turn its frames into BT.709 or RGB."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pipeline.video_io.clip import ClipInfo, ColourTags

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
HD_LINES, HD_COLUMNS = 720, 1280
NOMINAL_PEAK_NITS = 203
"""Reference white that HDR is mapped from (ITU-R BT.2408)."""


def resolve_tags(
    pixel_format: str,
    coded_wh: tuple[int, int],
    matrix: int,
    primaries: int,
    transfer: int,
    colour_range: int,
) -> ColourTags:
    """Return the colour with gaps filled: untagged HD is BT.709, untagged SD is BT.601.

    Args:
        coded_wh: size before rotation, which is what the rule speaks of.
        matrix, primaries, transfer: H.273 codes; 2 is "unspecified".
        colour_range: FFmpeg's AVColorRange; 2 is full range.
    """
    width, height = coded_wh
    is_hd = height >= HD_LINES or width >= HD_COLUMNS
    is_rgb = pixel_format.startswith(_RGB_PREFIXES)
    is_full = (
        is_rgb
        or colour_range == _FULL_RANGE
        or pixel_format.startswith(("yuvj", "gray", "ya8", "mono"))
    )
    fallback = "bt709" if is_hd else "smpte170m"
    matrix_name = "gbr" if is_rgb else _MATRICES.get(matrix, fallback)
    if matrix_name == "gbr" and not is_rgb:
        matrix_name = fallback
    return ColourTags(
        matrix=matrix_name,
        primaries=_PRIMARIES.get(primaries, fallback if matrix == _UNSPECIFIED else "bt709"),
        transfer=_TRANSFERS.get(transfer, "bt709"),
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
