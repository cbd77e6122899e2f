"""Which sound tracks of a clip go into a container, and how: copied where it can hold them, else converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import SoundTrack
from pipeline.video_io.frame_span import FrameSpan
from pipeline.video_io.writers.containers import Container

MOST_TRACKS = 8
"""A camera's mono tracks carried over at most."""
LEAD_SAMPLES, LEAST_LEAD_S = 8192, 0.1
"""Copied sound begins this much before an in point, hidden by an edit list: codecs overlap packets."""
_OPUS_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""By channels: the layouts of Opus' mapping families 0 and 1 (RFC 7845), the only ones that browsers play."""
_OPUS_RATE = 48_000
"""At lower rates FFmpeg's WebM says that its sound starts late: of 8 kHz, by 32 ms."""
_AAC_LAYOUTS = (
    *("mono", "stereo", "2.1", "3.0", "3.0(back)", "3.1", "4.0", "quad", "quad(side)", "4.1"),
    *("5.0", "5.0(side)", "5.1", "5.1(side)", "6.0", "hexagonal", "6.1", "6.1(back)", "7.0", "7.1"),
    *("7.1(wide)", "octagonal"),
)
"""What FFmpeg's AAC encoder takes. It says so of no layout, and refuses a count of channels without one, as
some decoders give it."""
_MOST_CHANNELS = 8
"""What AAC, FLAC and ALAC hold in FFmpeg's encoders: more are mixed down to 7.1."""
_LOSSLESS_CUT = "alac"
"""FFmpeg does not cut inside an ALAC packet where an edit list says so, and sound after it comes early: the
range is encoded again, without loss."""


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """Tracks that go into one file together, all copied or all converted."""

    tracks: tuple[SoundTrack, ...]
    encoder: str

    @property
    def is_copied(self) -> bool:
        """True when the packets stay as they are."""
        return self.encoder == "copy"

    def lead_s(self, span: FrameSpan) -> float:
        """Return how long before the in point the copied packets begin."""
        if not self.is_copied or not span.first:
            return 0.0
        slowest = min(track.sample_rate or 44_100 for track in self.tracks)
        before_s = float(span.origin_s - span.info.file_start_s)
        return max(min(max(LEAST_LEAD_S, LEAD_SAMPLES / slowest), before_s), 0.0)

    def arguments(self, container: Container, span: FrameSpan) -> list[str]:
        """Return FFmpeg's output arguments; the source is its second input."""
        maps = [item for track in self.tracks for item in ("-map", f"1:a:{track.position}")]
        for number, track in enumerate(self.tracks):
            if track.language:
                maps += [f"-metadata:s:a:{number}", f"language={track.language}"]
        if self.is_copied:
            return [*maps, "-c:a", "copy"]
        is_lossy = container.bitrate and self.encoder != _LOSSLESS_CUT
        rate = ["-b:a", container.bitrate] if is_lossy else []
        chosen = [*maps, "-c:a", self.encoder, *rate]
        for number, track in enumerate(self.tracks):
            # Gaps between the source's packets become silence rather than a shift.
            filters = f"aresample=async=1:min_hard_comp=0.02{_cut(span)}"
            if self.encoder == "libopus":
                filters += f",aresample={_OPUS_RATE}"
            is_opus = self.encoder == "libopus" and track.channels
            if is_opus or track.channels > _MOST_CHANNELS:
                layout = _OPUS_LAYOUTS[min(track.channels, _MOST_CHANNELS) - 1]
                filters += f",aformat=channel_layouts={layout}"
            elif self.encoder == "aac":
                filters += f",aformat=channel_layouts={'|'.join(_AAC_LAYOUTS)}"
            chosen += [f"-filter:a:{number}", filters]
        return chosen


def _cut(span: FrameSpan) -> str:
    """Return the filters that cut decoded sound to the range: exact where a container's seek isn't."""
    filters = ""
    start_s = float(span.origin_s - span.info.file_start_s)
    if not span.is_to_the_end:
        end_s = span.info.end_of(span.last) * span.info.time_base - span.info.file_start_s
        filters += f",atrim=end={float(end_s):.6f}"
    if span.first:
        filters += f",atrim=start={start_s:.6f},asetpts=PTS-{start_s:.6f}/TB"
    return filters


def sound_plans(span: FrameSpan, container: Container) -> Iterator[SoundPlan]:
    """Yield what to try, best first: the tracks that play by default, then each of the others."""
    tracks = span.info.sound_tracks
    if not tracks:
        return
    first = default_tracks(tracks)
    for group in (first, *((track,) for track in tracks if (track,) != first)):
        if all(container.can_copy(track.codec) for track in group) and (
            container.has_edit_lists or not span.first
        ):
            is_cut = span.first and all(track.codec == _LOSSLESS_CUT for track in group)
            yield SoundPlan(group, _LOSSLESS_CUT if is_cut else "copy")
        if all(track.codec in ffmpeg.AUDIO_CODECS for track in group):
            yield SoundPlan(group, container.encoder)


def default_tracks(tracks: Sequence[SoundTrack]) -> tuple[SoundTrack, ...]:
    """Return the track flagged as default, else the first one.

    A camera records each microphone as a mono track of its own: where the first one is the default
    and all are such, all of them belong together.
    """
    chosen = next((track for track in tracks if track.is_default), tracks[0])
    kinds = {(track.channels, track.codec, track.sample_rate) for track in tracks}
    if chosen == tracks[0] and len(kinds) == 1 and chosen.channels == 1:
        return tuple(tracks[:MOST_TRACKS])
    return (chosen,)
