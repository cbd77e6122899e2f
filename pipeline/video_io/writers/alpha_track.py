"""The alpha of a WebM: a VP9 stream of its own, each picture of which lies beside one of the colour's."""

from __future__ import annotations

from typing import Any, Literal

from pipeline.video_io.writers.video_file import NEUTRAL_CHROMA, plane_view
from utils.alpha_levels import AlphaBytes

SIDE_DATA: Literal["matroska_block_additional"] = "matroska_block_additional"
ALPHA_ID = (1).to_bytes(8, "big")
"""BlockAddID of alpha (WebM Container Guidelines, "Alpha Transparency"), as FFmpeg's muxer reads it."""


class AlphaTrack:
    """Encodes alpha at a quality of its own: FFmpeg's encoder of pictures with alpha knows one for both.

    Args:
        options: of libvpx-vp9, so that each picture is given out at once.
    """

    def __init__(self, size_wh: tuple[int, int], options: dict[str, str], threads: int) -> None:
        import av

        self._size_wh = size_wh
        self._encoder: Any = av.CodecContext.create("libvpx-vp9", "w")
        self._encoder.width, self._encoder.height = size_wh
        self._encoder.pix_fmt = "yuv420p"
        self._encoder.framerate = 25
        self._encoder.thread_count = threads
        self._encoder.options = options
        self._count = 0

    def attach(self, packet: Any, alpha: AlphaBytes) -> None:
        """Put alpha, uint8 (H, W), beside the colour's packet; key pictures fall together."""
        import av
        from av import packet as packets
        from av.video.frame import PictureType

        frame = av.VideoFrame(*self._size_wh, "yuv420p")
        luma, *chroma = (plane_view(plane) for plane in frame.planes)
        luma[:] = alpha
        for plane in chroma:
            plane[:] = NEUTRAL_CHROMA
        frame.pts = self._count
        if packet.is_keyframe:
            frame.pict_type = PictureType.I
        self._count += 1
        (encoded,) = self._encoder.encode(frame)
        content = ALPHA_ID + bytes(encoded)
        # PyAV's type stubs leave the size out.
        make: Any = packets.PacketSideData
        beside = make(packets.packet_sidedata_type_from_literal(SIDE_DATA), len(content))
        beside.update(content)
        packet.set_sidedata(beside)
