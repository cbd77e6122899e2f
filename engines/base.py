"""The contract of every engine: arrays in, arrays out; it must not know sessions, files or a page.

An engine object holds weights and settings only. What belongs to one job (memory banks, embeddings,
recurrent state) lives in objects made for that job: `ImageSegmentation`, or the generator that
`track_video` and `process` return.
"""

from __future__ import annotations

import enum
import importlib.util
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from utils.errors import Cancelled, EngineUnavailable
from utils.options import OptionSpec, OptionValue, specs_of
from utils.types import Alpha, Frame, Mask, Message, OnNotice, OnProgress, Progress, Prompt

DeviceName: TypeAlias = str
"""A torch device name, "cpu" or "cuda"; the built-in engine ignores it."""


class Capability(enum.Enum):
    """What an engine can do."""

    TEXT = "text"
    POINTS = "points"
    BOX = "box"
    EXEMPLARS = "exemplars"
    TRACK = "track"
    MATTE = "matte"
    EVERYONE = "everyone"
    """Mattes without a mark: `process` with an empty guide finds the people, or the main object, by itself."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Where an engine is chosen when nobody names one: the highest available wins, 0 is never chosen.

    `segment` counts for finding and tracking the target, the others for matting, by the device.
    """

    segment: int = 0
    matte_on_cpu: int = 0
    matte_on_gpu: int = 0
    where_it_agrees: int = 0
    """Matting on a CPU, before all others, where a `TargetCheck` says that the engine suits the target."""
    everyone: int = 0
    """Matting everybody, without a mark."""
    quick_preview: int = 0
    """A small preview of a clip just uploaded, without a mark."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing an engine needs: a package, weight files or a GPU.

    `label` names it, `command` is the one shell command that gets it ("" where none does).
    """

    label: Message
    present: bool
    command: str


def check_requirements(name: Message | str, requirements: Iterable[Requirement]) -> None:
    """Check that all of an engine's requirements are present.

    Raises:
        EngineUnavailable: names the first that is missing, and the command that gets it.
    """
    for item in requirements:
        if not item.present:
            raise EngineUnavailable(
                "engine.unavailable", name=name, missing=item.label, command=item.command or "-"
            )


SETUP_COMMAND = "bash scripts/setup_env.sh --models"
"""Installs the Python packages of the model engines."""


def missing_packages(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the Python packages that are not installed; imports none of them."""
    return tuple(name for name in names if importlib.util.find_spec(name) is None)


def package_requirement(names: Sequence[str], command: str = SETUP_COMMAND) -> Requirement:
    """Return the requirement of Python packages; it names those that are missing, else all.

    Args:
        command: the one shell command that installs them.
    """
    missing = missing_packages(names)
    return Requirement(
        Message("engine.requirement_packages", {"names": ", ".join(missing or names)}),
        present=not missing,
        command=command,
    )


@dataclass(frozen=True, slots=True)
class Instance:
    """One found object: mask bool (H, W) of the image's size, score in [0, 1], label as prompted."""

    mask: Mask
    score: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """Masks of one frame by object id, each bool (H, W), and how sure the tracker is, in [0, 1]."""

    index: int
    masks: Mapping[int, Mask]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class MattedFrame:
    """Alpha of one frame, float32 (H, W) in [0, 1], and the engine's confidence in [0, 1]."""

    index: int
    alpha: Alpha
    confidence: float = 1.0


class FrameSource(Protocol):
    """Random access to a clip's displayed frames without holding it in memory."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, … up to but without stop, each uint8 RGB (H, W, 3).

        Close the iterator to stop early.
        """


class ArrayFrames:
    """A `FrameSource` over frames already in memory, for tests, benchmarks and scripts."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        if not len(frames):
            raise ValueError("a clip needs at least one frame")
        self._frames = frames

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels."""
        height, width = self._frames[0].shape[:2]
        return width, height

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """See `FrameSource.read`."""
        for index in range(start, stop, step):
            yield self._frames[index]


KEPT_CACHE = "kept"
"""Subfolder of a job's cache folder that is not emptied when the job is done."""


@dataclass(slots=True)
class RunContext:
    """What a running job hands to an engine: progress, cancel, notices and a folder for its cache.

    `cache_dir` is None where nothing may be kept; an engine that can resume keeps its own finished
    work there, under names of its own, and must check that it belongs to the same inputs. What lies in
    its subfolder `KEPT_CACHE` outlives the job, for corrections and reruns of the same session.
    """

    on_progress: OnProgress = field(default=lambda progress: None)
    on_notice: OnNotice = field(default=lambda message: None)
    cancel: threading.Event = field(default_factory=threading.Event)
    cache_dir: Path | None = None
    confirmed: frozenset[int] = frozenset()
    """Frames whose masks a user confirmed; the guide's other masks were tracked."""
    memory_bytes: int | None = None
    """Device bytes reserved for this job beside the weights; None where nobody reserved any."""
    details: dict[str, str] = field(default_factory=dict)
    """What an engine notes of how it ran, for the session's record: runtime, precision."""
    fps: Fraction = Fraction(25)
    """The clip's frame rate, in frames a second; what a service that is paid by the second is told."""
    is_stopping: Callable[[], bool] = lambda: False
    """True where `cancel` was set because the process ends, so that the job may go on later."""

    def check_cancelled(self) -> None:
        """Raise `Cancelled` when the job was cancelled; call it at least once a frame."""
        if self.cancel.is_set():
            raise Cancelled

    def report(self, stage: str, done: int, total: int) -> None:
        """Check for cancel, then report progress in real units."""
        self.check_cancelled()
        self.on_progress(Progress(stage, done, total))


class Engine(ABC):
    """What every engine has; see the protocols below for what it does."""

    name: str
    """Key in the registry, on the command line and in session files."""
    label: Message
    """The engine's name for people."""
    description: Message
    """What it is for, its speed, in one sentence."""
    capabilities: frozenset[Capability]
    guide_kind: Literal["none", "first_mask", "mask_per_frame"] = "none"
    """What `process` needs: the mask of a keyframe, or of every frame (track first)."""
    preference: Preference = Preference()
    """Where it is chosen by itself."""
    options_type: type | None = None
    """A dataclass of the options that `process` takes; see `utils.options`."""
    weight_rows: tuple[str, ...] = ()
    """Its rows in the manifest of weights, whose licences are shown beside it; none for an own method."""
    offered_when_missing: bool = True
    """False keeps the page's list short: it is shown there only where its weights are installed."""
    is_remote: bool = False
    """It sends the clip to somebody else's machine: never chosen by itself, and not tried out; see `RemoteEngine`."""
    neighbour_offsets: tuple[int, ...] = ()
    """Distances, in frames, of the neighbours that `Segmenter.open_image` can use; 0 isn't one."""

    @property
    @abstractmethod
    def weight_bytes(self) -> int:
        """Bytes that the loaded weights take on the device; 0 when there are none."""

    @property
    def outside_bytes(self) -> int:
        """Device bytes that a process of its own holds now; 0 where it works in this process."""
        return 0

    @abstractmethod
    def requirements(self) -> tuple[Requirement, ...]:
        """Return what the engine needs and whether it is there; imports no heavy library."""

    @abstractmethod
    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """Return the device bytes one job of this frame size needs beside the weights."""

    def wanted_bytes(self, size_wh: tuple[int, int]) -> int:
        """Return the device bytes that such a job uses where they are free; `working_bytes` must suffice."""
        return self.working_bytes(size_wh)

    @abstractmethod
    def load_model(self, device: DeviceName) -> None:
        """Load the weights onto the device; on failure nothing stays loaded.

        Raises:
            EngineUnavailable: a requirement is missing.
            ModelFilesError: a file is damaged or of another model.
        """

    @abstractmethod
    def unload(self) -> None:
        """Drop the weights; harmless when none are loaded."""

    @property
    def is_available(self) -> bool:
        """True when every requirement is present."""
        return all(requirement.present for requirement in self.requirements())

    def wants_tracked_masks(self, options: Mapping[str, OptionValue]) -> bool:
        """Return whether a job with these resolved options uses a mask of every frame: track first.

        An engine whose `guide_kind` is "first_mask" then takes the masks of `context.confirmed` as seeds,
        and the others as where the target is.
        """
        return self.guide_kind == "mask_per_frame"

    def option_specs(self) -> tuple[OptionSpec, ...]:
        """Return the options `process` takes, with this installation's defaults."""
        return () if self.options_type is None else specs_of(self.options_type)


class ImageSegmentation(Protocol):
    """One image being segmented: keeps its embedding and the last answer between prompts."""

    def segment(self, prompt: Prompt) -> list[Instance]:
        """Return instances, best first; an empty list when nothing was found.

        Points and the box accumulate in the prompt itself: send all of them each time.

        Raises:
            UnusablePrompt: the engine can't use this prompt.
        """


@runtime_checkable
class Segmenter(Protocol):
    """Finds the target on one image. The engine must be loaded (leased) at each call."""

    def open_image(
        self, image: Frame, around: Mapping[int, Frame] | None = None
    ) -> ImageSegmentation:
        """Start on an image, uint8 RGB (H, W, 3); the heavy part may be put off to `segment`.

        Args:
            around: frames near it by their distance in frames, of the same size; an engine uses those
                at `neighbour_offsets` for what their motion tells, and does without where they are missing.
        """

    def segment_image(self, image: Frame, prompt: Prompt) -> list[Instance]:
        """One prompt on one image: `open_image(image).segment(prompt)`."""


@runtime_checkable
class Tracker(Protocol):
    """Follows objects through a clip."""

    def track_video(
        self,
        frames: FrameSource,
        masks: Mapping[int, Mapping[int, Mask]],
        start: int,
        context: RunContext,
    ) -> Iterator[TrackedFrame]:
        """Yield every frame of the clip once: start-1 … 0 first, then start … the last.

        Args:
            masks: confirmed masks by frame index and object id, bool (H, W). Frame `start` has one
                of every object that is known from the start; a mask on another frame is a correction
                (or a new object) and wins from there on, in the direction away from `start`.
        """


@runtime_checkable
class MattingEngine(Protocol):
    """Turns masks into alpha mattes."""

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """Yield every frame of the clip once: start-1 … 0 first, then start … the last.

        An engine whose protocol forbids that order may yield in ascending order instead.

        Args:
            guide: masks by frame index, bool (H, W). "first_mask" engines need `guide[start]`, and
                use the others as corrections where they can; "mask_per_frame" engines need all.
                Engines with `Capability.EVERYONE` also take an empty guide, with `start` 0.
                The mapping may read from disk: ask for each mask once.
            options: values for `option_specs()`, validated by `resolve_options`.

        Raises:
            UnusablePrompt: a mask is missing, empty where it must not be, or of another size.
            OutOfGpuMemory: the smallest setting did not fit either.
        """


@runtime_checkable
class JointMattingEngine(Protocol):
    """A matting engine that mattes several targets in one run for less than a run for each.

    It is a `MattingEngine` as well. The pipeline uses it for targets that start on the same frame, unless
    `wants_tracked_masks` is true.
    """

    def process_together(
        self,
        frames: FrameSource,
        guides: Sequence[Mapping[int, Mask]],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[tuple[MattedFrame, ...]]:
        """Yield every frame once, in the order of `MattingEngine.process`: one matte of each target.

        Each target's mattes equal those of a run of its own, as long as memory suffices. Progress counts
        the steps of all targets.

        Args:
            guides: of each target, as `process` takes it; the other arguments and what is raised too.
        """

    def working_bytes_together(self, size_wh: tuple[int, int], targets: int) -> int:
        """As `Engine.working_bytes`, for a run of so many targets."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether an engine's own finding agrees with a target's masks, and the line that tells a user so."""

    agrees: bool
    reason: Message


@runtime_checkable
class TargetCheck(Protocol):
    """An engine that finds its subjects by itself and can say whether a target is one of them."""

    def agrees_with_target(
        self, frames: FrameSource, masks: Mapping[int, Mask], context: RunContext
    ) -> Agreement:
        """Compare on the frames that have a mask, bool (H, W); the engine must be loaded."""


@runtime_checkable
class ForegroundNetwork(Protocol):
    """A network that finds the foreground of one image without a prompt.

    It is an `Engine` as well: `name`, `is_available`, `load_model` and `unload` are the engine's, and the
    model manager lends it. A caller in another engine gets it through a function that the application
    passes in, which takes a lease for the length of the call.
    """

    def foreground(self, image: Frame) -> Alpha:
        """Return the foreground probability of an image, float32 (H, W) in [0, 1] of its own size.

        The range is fixed: an image without a foreground stays near 0 everywhere. The engine must be
        loaded; calls from several threads at a time are allowed and don't influence each other.

        Args:
            image: uint8 RGB (H, W, 3); a crop is an image like any other.
        """


class ForegroundEstimator(Protocol):
    """What the application passes to an engine that uses a foreground network as evidence."""

    @property
    def network(self) -> str:
        """Name of the network that would be asked now; "" while none is available."""

    def estimate(self, image: Frame) -> Alpha:
        """Load the network if need be and return its `ForegroundNetwork.foreground` of the image.

        Raises:
            EngineUnavailable: there is no network, or its files are missing.
            ModelFilesError: its files are damaged.
        """


@runtime_checkable
class ForegroundConsumer(Protocol):
    """An engine that uses a foreground network where one is available."""

    def use_foreground(self, foreground: ForegroundEstimator) -> None:
        """Ask this estimator in later jobs."""


@runtime_checkable
class RemoteEngine(Protocol):
    """A matting engine that sends the clip away, to whoever the administrator has given a key for.

    It is an `Engine` as well. Whatever a run of it received is kept, so that a rerun with other marks sends
    nothing again; the pipeline has it matte the whole range each time.
    """

    def before_start(
        self,
        size_wh: tuple[int, int],
        frame_count: int,
        fps: Fraction,
        options: Mapping[str, OptionValue],
    ) -> Message:
        """Return what a user must know before the start: who gets the clip, and what that will cost.

        Raises:
            BadRequest: it is beyond what the service takes.
        """

    def spending(self) -> Message:
        """Return what was spent on the service this day and this month."""

    def examine(self) -> Message:
        """Ask the service whether it takes the key, and what credit is left; costs nothing.

        Raises:
            ServiceFailed: it does not.
        """


class ReturnedClip(Protocol):
    """A clip that came from elsewhere: checked against this installation's limits, not trusted otherwise."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""

    @property
    def fps(self) -> Fraction:
        """Frames a second."""

    @property
    def has_alpha(self) -> bool:
        """True where it has transparency."""

    def __len__(self) -> int:
        """Number of frames."""

    def colours(self) -> Iterator[Frame]:
        """Yield every frame, uint8 RGB (H, W, 3)."""

    def transparency(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield every frame's transparency, uint8 (H, W), 255 = opaque."""


class ClipExchange(Protocol):
    """Writes clips to send away, and reads what comes back in a child process with limits.

    The application passes it to engines that are a `ClipSender`: engines run no processes of their own.
    """

    def write_clip(
        self,
        path: Path,
        frames: Iterable[Frame],
        size_wh: tuple[int, int],
        fps: Fraction,
        *,
        lossless: bool,
    ) -> None:
        """Write frames, uint8 RGB (H, W, 3), as H.264 in MP4, or as FFV1 in Matroska where nothing may be lost.

        Args:
            size_wh: size of the frames; even sides unless lossless.
        """

    def open_clip(self, path: Path, cancel: threading.Event) -> ReturnedClip:
        """Check a clip that came from elsewhere and count its frames.

        Raises:
            BadUpload: it is no clip, or beyond the limits.
        """

    def read_picture(self, path: Path, cancel: threading.Event) -> npt.NDArray[np.uint8]:
        """Return a PNG that came from elsewhere, uint8 RGBA (H, W, 4).

        Raises:
            BadUpload: it is none, or beyond the limits.
        """


@runtime_checkable
class ClipSender(Protocol):
    """An engine that exchanges clips with somebody."""

    def use_exchange(self, exchange: ClipExchange) -> None:
        """Write and read clips with it from now on."""
