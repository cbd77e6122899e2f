"""The protocols of engines that find a target on an image and follow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from engines.base.frames import FrameSource
from engines.base.run_context import RunContext
from engines.base.values import Instance, TrackedFrame
from utils.types import Frame, Mask, Prompt


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
