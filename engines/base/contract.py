"""What every engine has, whatever it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal, TypeAlias

from engines.base.requirements import Requirement
from engines.base.values import Capability, Preference, Seam
from utils.options import OptionSpec, OptionValue, specs_of
from utils.types import Message

DeviceName: TypeAlias = str
"""A torch device name, "cpu" or "cuda"; the built-in engine ignores it."""


class Engine(ABC):
    """What every engine has; see the protocols of this package for what it does."""

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
    """When it is chosen if nobody names an engine."""
    options_type: type | None = None
    """A dataclass of the options that `process` takes; see `utils.options`."""
    weight_rows: tuple[str, ...] = ()
    """Its rows in the manifest of weights, whose licences are shown beside it; none for an own method."""
    offered_when_missing: bool = True
    """False keeps the page's list short: it is shown there only where its weights are installed."""
    absence_notices: frozenset[str] = frozenset()
    """Codes of notices that hold for a clip only if they hold for all its parts, such as that nobody was found."""
    is_remote: bool = False
    """It sends the clip to another machine: never chosen by itself, and never run as a test; see `RemoteEngine`."""
    takes_clean_plate: bool = False
    """It uses `RunContext.clean_plate`."""
    alphas_at_once: int = 2
    """Alphas that may be queued behind it: as many as it gives at once, and at least two."""
    plans_by_cuts: bool = False
    """It uses `RunContext.cuts`: the whole clip is searched for cuts before it runs."""
    neighbour_offsets: tuple[int, ...] = ()
    """Distances, in frames, of the neighbours that `Segmenter.open_image` can use; 0 isn't one."""
    uses_examples: bool = False
    """It uses `Prompt.examples`."""

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

    def release_memory(self) -> None:
        """Give back the working memory of finished calls; the weights stay, and the next call takes it again.

        It may be called at any time from any thread, also while calls are under way.
        """
        return

    @property
    def is_available(self) -> bool:
        """True when every requirement is present."""
        return all(requirement.present for requirement in self.requirements())

    def check_options(self, options: Mapping[str, OptionValue]) -> None:
        """Check what can't be done with these resolved options, before anything is tracked; loads nothing.

        Raises:
            BadRequest: the engine can't do this.
            EngineUnavailable: a file that they ask for is missing.
        """
        return

    def wants_tracked_masks(self, options: Mapping[str, OptionValue]) -> bool:
        """Return whether a job with these resolved options uses a mask of every frame: track first.

        An engine whose `guide_kind` is "first_mask" then takes the masks of `context.confirmed` as seeds,
        and the others as where the target is.
        """
        return self.guide_kind == "mask_per_frame"

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """Return where a job with these resolved options may be divided among workers.

        Args:
            is_guided: False for a job without a mark.
        """
        return frozenset()

    def option_specs(self) -> tuple[OptionSpec, ...]:
        """Return the options `process` takes, with this installation's defaults."""
        return () if self.options_type is None else specs_of(self.options_type)
