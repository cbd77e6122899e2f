"""What a clip's colour tags mean, and the FFmpeg filters that turn its frames into BT.709 or RGB."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, TypeAlias

from pipeline.video_io.clip import ClipInfo, ColourTags
from pipeline.video_io.header_fields import VideoHeader

PixelLayout: TypeAlias = Literal["yuv420p", "rgb24", "rgb24_exact", "rgb48_exact", "alpha"]
"""Layouts frames are read in. The exact ones interpolate chroma accurately, at 2.3 times the cost;
"rgb48_exact" is 16 bits a channel, as three planes in the order green, blue, red. "alpha" is the clip's own
transparency, 8 bits."""

_ALPHA_FORMATS = "yuva420p|yuva422p|yuva444p|rgba|bgra|argb|abgr|gbrap"
"""What `alphaextract` is given: it can't choose by itself after a filter that takes anything, and moves ya8 by a pixel."""
_OPAQUE_FORMATS = "gray|gray16le|" + "|".join(
    f"{planes}{depth}"
    for planes in ("yuv420p", "yuv422p", "yuv444p", "gbrp")
    for depth in ("", "10le", "12le", "16le")
)
"""What `zscale` is given of clips with transparency: it multiplies the colour by an alpha, and leaves it so where it writes none."""
_MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "smpte170m",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
"""ITU-T H.273 code -> name; 5 (BT.470 BG) has the same coefficients as 6."""
_PRIMARIES = {
    1: "bt709",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020",
    11: "smpte432",
    12: "smpte432",
    22: "jedec-p22",
}
"""Those of which D65 is white. 11, cinema's P3 with a greenish white, is read with that of 12: `zscale` does not
adapt white points, and grey would be tinted; 4, 8 and 10 are taken for BT.709."""
_UNSCALABLE = ("ycgco", "bt2020c", "chroma-derived-nc", "chroma-derived-c", "ictcp")
"""Matrices that FFmpeg's `scale` does not know; `zscale` does."""
_TRANSFERS = {
    1: "bt709",
    6: "smpte170m",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}
_SDR_OF_CAMERAS = ("bt709", "smpte170m", "bt2020-10", "bt2020-12")
"""Transfers that BT.2020's constant luminance is defined for; ICtCp is for HDR in BT.2020 alone. What is tagged
otherwise is taken for BT.2020 without constant luminance: `zscale` refuses it."""
HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_RGB_PREFIXES = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")
_FULL_RANGE = 2
_FULL_RANGE_PREFIXES = ("yuvj", "gray", "ya8", "mono")
HD_LINES, HD_COLUMNS = 720, 1280
REFERENCE_WHITE_NITS = 203
"""What linear 1.0 is (ITU-R BT.2408): 18 % grey is 26 nits, and lands where SDR has it."""
_LINEAR_BELOW = 0.3
"""Share of reference white up to which tone mapping changes nothing; above it highlights roll off."""
_PEAKS = {"smpte2084": 10_000 / REFERENCE_WHITE_NITS, "arib-std-b67": 1000 / REFERENCE_WHITE_NITS}
"""The brightest level of each transfer, which becomes SDR white."""
_DEPTH = re.compile(
    r"(?:p|gray|ya|rgba|bgra|p0|p2|p4|rgb|bgr|xyz|x2rgb)(9|10|12|14|16|48|64|32)(?:le|be)?$"
)


def bit_depth(pixel_format: str) -> int:
    """Return the bits of one sample of an FFmpeg pixel format."""
    if "f32" in pixel_format or "f16" in pixel_format:
        return 16
    found = _DEPTH.search(pixel_format)
    if found is None:
        return 8
    bits = int(found[1])
    return {48: 16, 64: 16, 32: 8}.get(bits, bits)


def resolve_tags(video: VideoHeader) -> ColourTags:
    """Return the colour with gaps filled: the matrix of untagged HD is BT.709, that of untagged SD BT.601.

    The rule speaks of the coded size, before rotation. Primaries that nothing names are BT.709: only
    those that are tagged are converted.
    """
    width, height = video.coded_wh
    fallback = "bt709" if height >= HD_LINES or width >= HD_COLUMNS else "smpte170m"
    is_rgb = video.pixel_format.startswith(_RGB_PREFIXES)
    is_full = (
        is_rgb
        or video.colour_range == _FULL_RANGE
        or video.pixel_format.startswith(_FULL_RANGE_PREFIXES)
    )
    transfer = _TRANSFERS.get(video.transfer, "bt709")
    assumed = "bt709"
    if transfer in HDR_TRANSFERS:
        fallback, assumed = "bt2020nc", "bt2020"
    matrix = "gbr" if is_rgb else _MATRICES.get(video.matrix, fallback)
    if matrix == "gbr" and not is_rgb:
        matrix = fallback
    primaries = _PRIMARIES.get(video.primaries, assumed)
    is_defined = {
        "ictcp": transfer in HDR_TRANSFERS and primaries == "bt2020",
        "bt2020c": transfer in _SDR_OF_CAMERAS,
    }
    return ColourTags(
        matrix=matrix if is_defined.get(matrix, True) else "bt2020nc",
        primaries=primaries,
        transfer=transfer,
        range="pc" if is_full else "tv",
    )


def frame_filter(info: ClipInfo, layout: PixelLayout) -> str:
    """Return the filter chain from frames of the displayed size (see `size_filter`) to the layout.

    "yuv420p" comes out as BT.709 limited range; where the source is just that already, its samples
    pass through untouched. RGB comes out full range, with BT.709 primaries. Colours come out straight.
    """
    if layout == "alpha":
        return f"format={_ALPHA_FORMATS},alphaextract,format=gray"
    if info.is_premultiplied:
        return f"{_divided(info.colour, layout)},{_colour_filter(_as_divided(info), layout)}"
    return _colour_filter(info, layout)


def _colour_filter(info: ClipInfo, layout: PixelLayout) -> str:
    """Return the chain from straight frames to a layout of colours."""
    tags = info.colour
    opaque = f"{_without_alpha(info.pixel_format)}," if info.has_alpha else ""
    if info.is_hdr:
        return f"{opaque}{_tone_map(tags)},zscale=t=bt709:p=bt709:{_zscale_output(layout)}"
    if tags.primaries != "bt709" or tags.matrix in _UNSCALABLE or layout == "rgb48_exact":
        # The transfer stays: only the primaries are converted, in linear light.
        gamut = f"pin={tags.primaries}:tin={tags.transfer}:p=bt709:t={tags.transfer}:"
        return f"{opaque}zscale={_zscale_input(tags)}{gamut}{_zscale_output(layout)}"
    if layout == "yuv420p":
        if is_plain(info):
            return "format=yuv420p"
        return (
            f"scale={_input(tags)}out_color_matrix=bt709:out_range=tv:"
            "flags=bicubic+accurate_rnd,format=yuv420p"
        )
    flags = "bicubic"
    if layout == "rgb24_exact":
        flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    return f"scale={_input(tags)}out_range=pc:flags={flags},format=rgb24"


def _without_alpha(pixel_format: str) -> str:
    """Return the filter that takes the alpha off, for `zscale`.

    Planes of deep RGB are taken as they are: FFmpeg's `scale` (9.0) leaves half of a row black there
    (findings/ffmpeg_blackens_deep_rgb_that_loses_its_alpha.sh).
    """
    if pixel_format.startswith("gbrap") and bit_depth(pixel_format) > 8:
        return f"format={pixel_format},{_planes((0, 1, 2), pixel_format.replace('gbrap', 'gbrp'))}"
    return f"format={_OPAQUE_FORMATS}"


def can_divide(tags: ColourTags) -> bool:
    """True where the colours of premultiplied frames can be divided by their alpha."""
    return tags.matrix not in _UNSCALABLE


def _divided(tags: ColourTags, name: str) -> str:
    """Return the chain to straight RGB: the multiplication was done on the values that the file codes.

    FFmpeg's `unpremultiply` (9.0) does nothing to frames that don't say that they are premultiplied, and older ones can't
    be made to say so. At 16 bits `blend` would overflow.

    Args:
        name: begins the names of the chain's branches.
    """
    levels = "val+maxval*eq(val,0)"
    return (
        f"scale={_input(tags)}out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,"
        f"format=gbrap16le,split[{name}c][{name}a];"
        f"[{name}c]{_planes((0, 1, 2))},format=gbrp14le[{name}colour];"
        f"[{name}a]{_planes((3, 3, 3))},format=gbrp14le,lutrgb='{levels}':'{levels}':'{levels}'[{name}alpha];"
        f"[{name}colour][{name}alpha]blend=all_mode=divide"
    )


def _as_divided(info: ClipInfo) -> ClipInfo:
    """Return the clip as its frames are behind `_divided`."""
    tags = replace(info.colour, matrix="gbr", range="pc")
    return replace(
        info, has_alpha=False, is_premultiplied=False, pixel_format="gbrp14le", colour=tags
    )


def _planes(places: tuple[int, int, int], opaque: str = "gbrp16le") -> str:
    """Return the filter that makes opaque RGB of three planes of RGB with alpha, as they are."""
    mapping = ":".join(f"map{to}s=0:map{to}p={place}" for to, place in enumerate(places))
    return f"mergeplanes={mapping}:format={opaque}"


def size_filter(size_wh: tuple[int, int], tags: ColourTags) -> str:
    """Return the filter that goes first: a size that changes inside the clip becomes the first one.

    The matrix is relabelled before it, since `scale` does not know them all and the chain names its own.
    """
    relabel = "" if tags.matrix == "gbr" else "setparams=colorspace=bt709,"
    return f"{relabel}scale={size_wh[0]}:{size_wh[1]}"


def is_plain(info: ClipInfo) -> bool:
    """True when decoded samples are 8-bit 4:2:0 BT.709 limited range already."""
    tags = info.colour
    return (
        info.pixel_format == "yuv420p"
        and (tags.matrix, tags.range) == ("bt709", "tv")
        and tags.primaries == "bt709"
    )


def _input(tags: ColourTags) -> str:
    if tags.matrix == "gbr":
        return ""
    matrix = "bt2020" if tags.matrix.startswith("bt2020") else tags.matrix
    return f"in_color_matrix={matrix}:in_range={tags.range}:"


def _zscale_input(tags: ColourTags) -> str:
    matrix = "bt470bg" if tags.matrix == "fcc" else tags.matrix
    full = "full" if tags.range == "pc" else "limited"
    return f"min={matrix}:rin={full}:filter=bicubic:"


def _zscale_output(layout: PixelLayout) -> str:
    if layout == "yuv420p":
        return "m=bt709:r=limited,format=yuv420p"
    if layout == "rgb48_exact":
        return "m=gbr:r=full,format=gbrp16le"
    return "m=gbr:r=full,format=gbrp,format=rgb24"


def _tone_map(tags: ColourTags) -> str:
    """Return the chain to linear BT.709 light in which reference white and highlights fit below 1."""
    return (
        f"zscale={_zscale_input(tags)}tin={tags.transfer}:pin={tags.primaries}:"
        f"t=linear:p=bt709:m=gbr:r=full:npl={REFERENCE_WHITE_NITS},format=gbrpf32le,"
        f"tonemap=tonemap=mobius:param={_LINEAR_BELOW}:peak={_PEAKS[tags.transfer]:.4f}:desat=0"
    )
