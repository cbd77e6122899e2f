"""What is declared of an ONNX network: its files, how an image goes in, and what its outputs mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Square:
    """The image is scaled to `side` x `side` pixels; its aspect ratio is not kept.

    With `filled_from`, an image whose aspect ratio, width / height, is smaller goes in as much narrowed as an image
    of that ratio: its width becomes less than `side`, a multiple of `multiple` pixels, and a file of fixed sizes is
    set to that. A network that was trained on photos stretched to a square, most of them wide, knows narrowed things
    better than widened ones.
    """

    side: int
    filled_from: float = 0.0
    multiple: int = 64


@dataclass(frozen=True, slots=True)
class ShortSide:
    """The short side becomes `side` pixels and both sides a multiple of `multiple`, aspect kept.

    An image whose longer side is at least `side` while its short side is at most that keeps its size, as in
    MODNet's `onnx/inference_onnx.py`; with `always` it doesn't.
    """

    side: int
    multiple: int
    always: bool = False


@dataclass(frozen=True, slots=True)
class NativeSize:
    """The image goes in as it is, its last column and row repeated up to a multiple of `multiple` pixels.

    The network scales inside by the input `ratio_input`, float32 [1]; "" where it has none. It takes images of
    at least `least_area` pixels.
    """

    ratio_input: str = ""
    multiple: int = 1
    least_area: int = 0


ColourOrder: TypeAlias = Literal["RGB", "BGR"]
SizeRule: TypeAlias = Square | ShortSide | NativeSize


@dataclass(frozen=True, slots=True)
class RecurrentState:
    """One state that goes from an output back into an input, with its number of channels."""

    input_name: str
    output_name: str
    channels: int


@dataclass(frozen=True, slots=True)
class SecondImage:
    """A second image input: what it shows and what the input is called.

    A clean plate, the scene without the target, goes in as the image does. Depth, larger where something is
    nearer and of any scale, is what `network` of `DEPTH_NETWORKS` makes of the image.
    """

    kind: Literal["clean_plate", "depth"]
    input_name: str
    network: str = ""

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return 3 if self.kind == "clean_plate" else 1


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network.

    The image is fed as (value * scale - mean) / std per channel, NCHW, where value is 0..255.

    Attributes:
        name: the network's name in texts, on the command line and in the registry.
        weights: its name in the manifest of weights, where file, sources, checksums and licence are.
        image_input: the image input's name; "" where the file's only input is meant.
        alpha_output: the alpha output's name; "" for the file's first output.
        foreground_output: the output with the foreground's colour, RGB in [0, 1]; "" where there is none.
        activation: what turns the alpha output into [0, 1]; "none" where the network does that itself.
        states: recurrent states; all zeros at the start, at cuts and after a seek.
        exposes_dark: as a foreground network it is shown dark pictures `exposed`; only where that was measured to help.
        descriptors: tensors inside the network, by their names in the file, that tell what is in a place.
        in_rembg: rembg has this network, so its results can be had as rembg makes them.
    """

    name: str
    weights: str
    size: SizeRule
    scale: float = 1.0 / 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour_order: ColourOrder = "RGB"
    image_input: str = ""
    alpha_output: str = ""
    foreground_output: str = ""
    activation: Literal["none", "sigmoid"] = "none"
    states: tuple[RecurrentState, ...] = ()
    second_image: SecondImage | None = None
    in_rembg: bool = False
    descriptors: tuple[str, ...] = ()
    exposes_dark: bool = False
