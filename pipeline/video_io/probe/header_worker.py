"""Reads a file's header in a short-lived child process and prints it as one JSON line; imports nothing of ours.

Run as `python -I header_worker.py PATH OPTIONS`, OPTIONS a JSON object of limits. It never decides
whether a clip is accepted.
"""

from __future__ import annotations

import json
import sys

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

PACKET_LIMIT = 400_000


def describe(path: str, options: dict[str, str]) -> dict[str, object]:
    """Return what the container says of its streams, and what the first frame says of itself."""
    container = _open(path, options, {"max_pixels": options["max_pixels"]}, options["codecs"])
    with container:
        videos = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        answer: dict[str, object] = {
            "streams": len(container.streams),
            "container": container.format.name,
            "duration_s": (container.duration or 0) / 1e6,
            "video": None,
            "audio": None,
        }
        if videos and len(container.streams) <= int(options["max_streams"]):
            video = _video(container, videos[0], options)
            if not video.get("width"):
                video |= _stored_size(path, options, videos[0].index)
            answer["video"] = video
        packets, answer["read_s"] = _read_packets(container, videos[0].index if videos else -1)
        if isinstance(answer["video"], dict):
            answer["video"]["packets"] = packets
        if container.streams.audio:
            answer["audio"] = _codec_name(container.streams.audio[0].codec_context)
    return answer


def _open(path: str, options: dict[str, str], more: dict[str, str], codecs: str) -> InputContainer:
    guards = {
        "protocol_whitelist": "file",
        "format_whitelist": options["formats"],
        "codec_whitelist": codecs,
    }
    container: InputContainer = av.open(f"file:{path}", "r", options={**guards, **more})
    return container


def _stored_size(path: str, options: dict[str, str], index: int) -> dict[str, object]:
    """Return the size as the container has it: a decoder that finds it too large forgets it."""
    with _open(path, options, {}, "none") as container:
        context = container.streams[index].codec_context
        if not isinstance(context, av.VideoCodecContext):
            return {}
        return {"width": context.width, "height": context.height}


def _codec_name(context: CodecContext | None) -> str:
    return context.name if context is not None else "unknown"


def _video(
    container: InputContainer, stream: VideoStream, options: dict[str, str]
) -> dict[str, object]:
    context = stream.codec_context
    entries = stream.index_entries
    answer: dict[str, object] = {
        "index": stream.index,
        "codec": _codec_name(context),
        "time_base": str(stream.time_base),
        "average_rate": str(stream.average_rate or 0),
        "guessed_rate": str(stream.guessed_rate or 0),
        "header_frames": stream.frames,
        "index_frames": sum(not entries[i].is_discard for i in range(len(entries))),
    }
    if context is None:
        return answer
    answer |= {
        "width": context.width,
        "height": context.height,
        "pixel_format": context.pix_fmt or "",
        "matrix": int(context.colorspace),
        "primaries": int(context.color_primaries),
        "transfer": int(context.color_trc),
        "range": int(context.color_range),
        "sample_aspect": str(stream.sample_aspect_ratio or 0),
        "rotation": 0,
    }
    decodable = answer["codec"] in options["codecs"].split(",")
    fits = context.width * context.height <= int(options["max_pixels"])
    if decodable and fits:
        context.options = {"max_pixels": options["max_pixels"]}
        answer |= _first_frame(container, stream)
        container.seek(container.start_time or 0, backward=True, any_frame=False)
    return answer


def _first_frame(container: InputContainer, stream: VideoStream) -> dict[str, object]:
    try:
        for frame in container.decode(stream):
            return {"rotation": frame.rotation}
    except (av.error.FFmpegError, ValueError):
        pass
    return {}


def _read_packets(container: InputContainer, index: int) -> tuple[int, float]:
    """Return how many packets of the stream can be read, and the second that all streams reach."""
    count, reached_s = 0, 0.0
    start_s = (container.start_time or 0) / 1e6
    try:
        for packet in container.demux():
            if packet.size <= 0:
                continue
            count += packet.stream.index == index and not packet.is_discard
            shown = packet.pts if packet.pts is not None else packet.dts
            if shown is not None:
                end = shown + (packet.duration or 0)
                reached_s = max(reached_s, float(end * packet.time_base) - start_s)
            if count > PACKET_LIMIT:
                break
    except (av.error.FFmpegError, ValueError):
        pass
    return count, reached_s


def main(arguments: list[str]) -> int:
    """Print the header as JSON; exit 3 when FFmpeg can't read the file."""
    av.logging.set_level(None)
    try:
        answer = describe(arguments[0], json.loads(arguments[1]))
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return 3
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
