"""Reads a file's header in a short-lived child process and prints it as one JSON line; imports nothing of ours.

Run as `python -I header_worker.py PATH OPTIONS`, OPTIONS a JSON object of limits. It never decides
whether a clip is accepted.
"""

from __future__ import annotations

import json
import re
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

PACKET_LIMIT = 400_000
_DURATION_TAG = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d+)?)")
_UNSET = {"matrix": 2, "primaries": 2, "transfer": 2, "range": 0}
"""Colour that a container does not state (H.273; range: FFmpeg's): the bitstream's own tags count then."""
_ROUNDED_TICKS = 2
"""Ticks by which the gaps of an even rate differ at most where its times are rounded."""
_AVIF_SEQUENCE = "avis"
"""Brand of AVIF sequences: their first picture lies there as a still too, and alpha in a second track."""
_SOUND_SLACK_S = 0.1
"""A file that goes on this long after its sound is held open by its picture."""


def describe(path: str, options: dict[str, str]) -> dict[str, object]:
    """Return what the container says of its streams, and what the first frame says of itself."""
    if "webp_anim" in options["formats"].split(",") and is_webp(path):
        return describe_webp(path)
    container = _open(path, options, {"max_pixels": options["max_pixels"]}, options["codecs"])
    with container:
        videos = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        stills = _stills(path, options, videos)
        is_avif = _AVIF_SEQUENCE in container.metadata.get("compatible_brands", "")
        answer: dict[str, object] = {
            "streams": len(container.streams),
            "container": container.format.name,
            "start_s": str(Fraction(container.start_time or 0, 1_000_000)),
            "duration_s": (container.duration or 0) / 1e6,
            "timecode": _timecode(container),
            "pictures": 1 if is_avif else len(videos),
            "has_alpha_track": is_avif and 0 < len(stills) < len(videos) - 1,
            "video": None,
            "sounds": [
                _sound(position, stream, _late_s(container, stream))
                for position, stream in enumerate(container.streams.audio)
            ],
            "subtitles": len(container.streams.subtitles),
        }
        picture = default_picture(videos, stills)
        if videos and len(container.streams) <= int(options["max_streams"]):
            chosen = videos[picture]
            video = _video(container, chosen, options)
            video |= {"picture": picture, "track": chosen.id}
            if not video.get("width"):
                video |= _stored_size(path, options, chosen.index)
            answer["video"] = video
        index = videos[picture].index if videos else -1
    _add_packets(answer, path, options, index)
    return answer


def default_picture(videos: list[VideoStream], stills: set[int]) -> int:
    """Return the place of the picture track flagged as default, else of the first.

    Args:
        stills: indices of streams that don't count where others do.
    """
    places = [place for place, stream in enumerate(videos) if stream.index not in stills]
    flagged = (place for place in places if videos[place].disposition & Disposition.default)
    return next(flagged, places[0] if places else 0)


def _stills(path: str, options: dict[str, str], videos: list[VideoStream]) -> set[int]:
    """Return the streams of one picture where others have more: cover art that nothing calls so."""
    single = {stream.index for stream in videos} if len(videos) > 1 else set()
    if not single:
        return single
    seen = set()
    with _open(path, options, {}, "none") as container:
        try:
            for packet in container.demux(*(container.streams[index] for index in single)):
                if packet.size > 0 and packet.stream.index in seen:
                    single.discard(packet.stream.index)
                seen.add(packet.stream.index)
                if not single:
                    break
        except (av.error.FFmpegError, ValueError):
            pass
    return single if len(single) < len(videos) else set()


def _add_packets(answer: dict[str, object], path: str, options: dict[str, str], index: int) -> None:
    """Add what the packets say: how many there are, their times, and how far each stream goes.

    The file is opened again: a seek back to the start does not find the start of every file.
    """
    times: list[int | None] = []
    with _open(
        path, options, {"max_pixels": options["max_pixels"]}, options["codecs"]
    ) as container:
        packets, ends_s = _read_packets(container, index, times)
        answer["read_s"] = max(ends_s.values(), default=0.0)
        video, stream = answer["video"], container.streams[index]
        if not isinstance(video, dict) or not isinstance(stream, VideoStream):
            return
        video["packets"] = packets
        if container.format.name.startswith("matroska"):
            video |= _even_times(times)
        video["read_end_s"] = ends_s.get(index, 0.0)
        others_s = max((end_s for at, end_s in ends_s.items() if at != index), default=0.0)
        video["stated_end_s"] = _stated_end_s(container, stream, others_s)


def is_webp(path: str) -> bool:
    """Return whether the file is a WebP; PyAV reads no animated ones."""
    with Path(path).open("rb") as stream:
        head = stream.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


def describe_webp(path: str) -> dict[str, object]:
    """Return what an animated WebP's chunks say (RFC 9649).

    Raises:
        ValueError: it is a still picture.
    """
    pictures, length_ms, canvas, has_alpha, stated_bytes = _read_webp_chunks(path)
    if not pictures:
        raise ValueError("a still picture")
    length_s = length_ms / 1000
    video: dict[str, object] = {
        "index": 0,
        "codec": "webp_anim",
        "time_base": "1/1000",
        "average_rate": str(Fraction(1000 * pictures, max(length_ms, 1))),
        "guessed_rate": "0",
        "header_frames": 0,
        "index_frames": 0,
        "packets": pictures,
        "read_end_s": length_s,
        "width": canvas[0],
        "height": canvas[1],
        "pixel_format": "yuva420p" if has_alpha else "yuv420p",
        "has_alpha": has_alpha,
    }
    return {
        "streams": 1,
        "container": "webp_anim",
        "start_s": "0",
        "duration_s": length_s,
        "read_s": length_s,
        "is_whole": stated_bytes <= Path(path).stat().st_size,
        "timecode": "",
        "pictures": 1,
        "video": video,
        "sounds": [],
        "subtitles": 0,
    }


def _read_webp_chunks(path: str) -> tuple[int, int, tuple[int, int], bool, int]:
    """Return the number of pictures, their length in ms, the canvas, whether there is alpha, and the stated bytes."""
    pictures, length_ms, canvas, has_alpha = 0, 0, (0, 0), False
    with Path(path).open("rb") as stream:
        stated = int.from_bytes(stream.read(8)[4:], "little") + 8
        stream.seek(12)
        while len(head := stream.read(8)) == 8 and pictures <= PACKET_LIMIT:
            size = int.from_bytes(head[4:], "little")
            content = stream.read(min(size, 16))
            if head[:4] == b"VP8X" and len(content) >= 10:
                width, height = (int.from_bytes(content[at : at + 3], "little") for at in (4, 7))
                canvas = (width + 1, height + 1)
                has_alpha = bool(content[0] & 0x10)
            elif head[:4] == b"ANMF" and len(content) >= 16:
                pictures += 1
                length_ms += int.from_bytes(content[12:15], "little")
            stream.seek(size + size % 2 - len(content), 1)
    return pictures, length_ms, canvas, has_alpha, stated


def _timecode(container: InputContainer) -> str:
    """Return the timecode of the first picture.

    QuickTime and MP4 keep it in a track of its own, Matroska in a tag whose name is in capitals.
    """
    for holder in (*container.streams, container):
        for name, value in holder.metadata.items():
            if name.lower() == "timecode" and value:
                return str(value)
    return ""


def _late_s(container: InputContainer, stream: AudioStream) -> float:
    """Return how long after an MPEG-TS file's first packet the stream begins; 0 in other containers."""
    if container.format.name != "mpegts" or stream.start_time is None or not stream.time_base:
        return 0.0
    return float(stream.start_time * stream.time_base) - (container.start_time or 0) / 1e6


def _sound(position: int, stream: AudioStream, late_s: float) -> dict[str, object]:
    context = stream.codec_context
    return {
        "position": position,
        "codec": _codec_name(context),
        "channels": context.channels if context is not None else 0,
        "sample_rate": context.sample_rate if context is not None else 0,
        "is_default": bool(stream.disposition & Disposition.default),
        "late_s": late_s,
        "language": _language(stream.metadata.get("language", "")),
    }


def _language(code: str) -> str:
    """Return a code of ISO 639-2 as it is; what is none, or says that it is unknown, as ""."""
    return code if re.fullmatch("[a-z]{3}", code) and code != "und" else ""


def _stated_end_s(container: InputContainer, video: VideoStream, others_end_s: float) -> float:
    """Return where the container says that the picture ends, from the file's start; 0 where it doesn't.

    MP4, MOV and AVI say how long the track is. Matroska's last picture has no duration of its own: the
    muxer's tag, or a file that goes on after all other streams have ended, tells how long it stays.
    """
    start_s = (container.start_time or 0) / 1e6
    if container.format.name.startswith(("mov", "avi")):
        if not video.duration or video.time_base is None:
            return 0.0
        end = (video.start_time or 0) + video.duration
        return max(float(end * video.time_base) - start_s, 0.0)
    if not container.format.name.startswith("matroska"):
        return 0.0
    length_s = (container.duration or 0) / 1e6
    tag = _DURATION_TAG.fullmatch(video.metadata.get("DURATION", ""))
    if tag is not None:
        end_s = int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
        return max(min(end_s, length_s) - start_s, 0.0)
    end_s = length_s - start_s if start_s < length_s else length_s
    return end_s if end_s > others_end_s + _SOUND_SLACK_S else 0.0


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
        "has_alpha": "1" in (stream.metadata.get(key) for key in ("alpha_mode", "ALPHA_MODE")),
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
        found = _first_frame(container, stream)
        stated = {key for key, unset in _UNSET.items() if answer[key] != unset}
        answer |= {key: value for key, value in found.items() if key not in stated}
    return answer


def _first_frame(container: InputContainer, stream: VideoStream) -> dict[str, object]:
    try:
        for frame in container.decode(stream):
            return {
                "rotation": frame.rotation,
                "matrix": int(frame.colorspace),
                "primaries": int(frame.color_primaries),
                "transfer": int(frame.color_trc),
                "range": int(frame.color_range),
            }
    except (av.error.FFmpegError, ValueError):
        pass
    return {}


def _even_times(times: list[int | None]) -> dict[str, object]:
    """Return how many packets of a Matroska file have no time, and what the others' even times tell of them.

    FFmpeg drops times before 0; where the others are even, they lie one step each before the first.
    """
    untimed = times.count(None)
    timed = sorted(time for time in times if time is not None)
    gaps = [after - before for before, after in pairwise(timed)]
    if not untimed or not gaps or max(gaps) - min(gaps) > _ROUNDED_TICKS:
        return {}
    step = Fraction(timed[-1] - timed[0], len(gaps))
    return {"untimed": untimed, "timed_from": timed[0], "timed_step": str(step)}


def _read_packets(
    container: InputContainer, index: int, times: list[int | None]
) -> tuple[int, dict[int, float]]:
    """Return how many packets of the stream can be read, and the second that each stream reaches.

    The stream's times are put into the list, None for a packet without one.
    """
    count = 0
    ends_s: dict[int, float] = {}
    start_s = (container.start_time or 0) / 1e6
    try:
        for packet in container.demux():
            if packet.size <= 0:
                continue
            stream = packet.stream.index
            count += stream == index and not packet.is_discard
            shown = packet.pts if packet.pts is not None else packet.dts
            if stream == index:
                times.append(shown)
            if shown is not None:
                end_s = float((shown + (packet.duration or 0)) * packet.time_base) - start_s
                ends_s[stream] = max(ends_s.get(stream, 0.0), end_s)
            if count > PACKET_LIMIT:
                break
    except (av.error.FFmpegError, ValueError):
        pass
    return count, ends_s


def main(arguments: list[str]) -> int:
    """Print the header as JSON; exit 3 when FFmpeg can't read the file."""
    av.logging.set_level(None)
    try:
        answer = describe(arguments[0].removeprefix("file:"), json.loads(arguments[1]))
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return 3
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
