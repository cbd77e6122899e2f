"""Tell a file that holds another network than its row declares, by names, types and fixed sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engines.onnx.runtime.interface import TensorInfo
from engines.onnx.spec import NativeSize, NetworkSpec, Square

_FLOATS = ("float32", "float16")


def image_input_of(spec: NetworkSpec, inputs: Sequence[TensorInfo]) -> str:
    """Return the name of the image input."""
    return spec.image_input or inputs[0].name


def alpha_output_of(spec: NetworkSpec, outputs: Sequence[TensorInfo]) -> str:
    """Return the name of the alpha output."""
    return spec.alpha_output or outputs[0].name


def differences(
    spec: NetworkSpec, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> list[str]:
    """Return what differs between a file and its row, each in a few words; empty when nothing does."""
    return [*_input_differences(spec, inputs), *_output_differences(spec, outputs)]


def _input_differences(spec: NetworkSpec, inputs: Sequence[TensorInfo]) -> Iterator[str]:
    found = {item.name: item for item in inputs}
    image = image_input_of(spec, inputs)
    wanted = [image, *(state.input_name for state in spec.states)]
    ratio_input = spec.size.ratio_input if isinstance(spec.size, NativeSize) else ""
    if ratio_input:
        wanted.append(ratio_input)
    if spec.second_image is not None:
        wanted.append(spec.second_image.input_name)
    yield from (f"no input “{name}”" for name in wanted if name not in found)
    yield from (f"unknown input “{name}”" for name in found if name not in wanted)
    if not found.keys() >= set(wanted):
        return
    yield from _image_differences(spec, found[image])
    for state in spec.states:
        yield from _tensor_differences(found[state.input_name], state.channels, found[image].dtype)
    if spec.second_image is not None:
        second = found[spec.second_image.input_name]
        yield from _tensor_differences(second, spec.second_image.channels, found[image].dtype)
    if ratio_input:
        ratio = found[ratio_input]
        if ratio.dtype != "float32" or len(ratio.shape) != 1:
            yield f"input “{ratio.name}” is {_kind(ratio)} instead of float32 [1]"


def _image_differences(spec: NetworkSpec, image: TensorInfo) -> Iterator[str]:
    yield from _tensor_differences(image, 3)
    if len(image.shape) != 4:
        return
    for side in image.shape[2:]:
        if side is not None and isinstance(spec.size, Square) and side != spec.size.side:
            yield f"input “{image.name}” is {_kind(image)} instead of {spec.size.side} pixels square"
            return
        if side is not None and not isinstance(spec.size, Square):
            yield f"input “{image.name}” is fixed at {_kind(image)}, any size is needed"
            return


def _output_differences(spec: NetworkSpec, outputs: Sequence[TensorInfo]) -> Iterator[str]:
    found = {item.name: item for item in outputs}
    wanted = {alpha_output_of(spec, outputs): 1}
    if spec.foreground_output:
        wanted[spec.foreground_output] = 3
    wanted |= {state.output_name: state.channels for state in spec.states}
    for name, channels in wanted.items():
        if name not in found:
            yield f"no output “{name}”"
        elif len(found[name].shape) == 4:
            yield from _tensor_differences(found[name], channels, direction="output")


def _tensor_differences(
    tensor: TensorInfo, channels: int, dtype: str = "", direction: str = "input"
) -> Iterator[str]:
    if tensor.dtype not in ((dtype,) if dtype else _FLOATS):
        yield f"{direction} “{tensor.name}” is {tensor.dtype} instead of {dtype or 'float'}"
    if len(tensor.shape) != 4:
        yield f"{direction} “{tensor.name}” is {_kind(tensor)} instead of (1, {channels}, H, W)"
    elif tensor.shape[1] not in (None, channels):
        yield f"{direction} “{tensor.name}” has {tensor.shape[1]} channels instead of {channels}"


def _kind(tensor: TensorInfo) -> str:
    sides = " x ".join("any" if side is None else str(side) for side in tensor.shape)
    return f"{tensor.dtype} [{sides}]"
