"""The declared networks; a further one is a row here and a row in engines/weights.json.

Protocols: each project's own inference code, as named in docs/engines.md.
"""

from __future__ import annotations

from engines.onnx.spec import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ColourOrder,
    NativeSize,
    NetworkSpec,
    RecurrentState,
    SecondImage,
    ShortSide,
    SizeRule,
    Square,
)

_HALF = (0.5, 0.5, 0.5)
_ONE = (1.0, 1.0, 1.0)


def _rvm(
    weights: str,
    channels: tuple[int, int, int, int],
    foreground_output: str = "fgr",
    colour_order: ColourOrder = "RGB",
    descriptors: tuple[str, ...] = (),
) -> NetworkSpec:
    """Robust Video Matting, `documentation/inference.md`: no normalisation, four recurrent states."""
    states = tuple(
        RecurrentState(f"r{number}i", f"r{number}o", count)
        for number, count in enumerate(channels, start=1)
    )
    return NetworkSpec(
        name=weights,
        weights=weights,
        size=NativeSize("downsample_ratio"),
        image_input="src",
        alpha_output="pha",
        foreground_output=foreground_output,
        states=states,
        colour_order=colour_order,
        descriptors=descriptors,
    )


def _imagenet(
    name: str,
    size: SizeRule,
    image_input: str = "",
    alpha_output: str = "",
    *,
    logits: bool = False,
    in_rembg: bool = False,
    second_image: SecondImage | None = None,
) -> NetworkSpec:
    return NetworkSpec(
        name=name,
        weights=name,
        size=size,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        image_input=image_input,
        alpha_output=alpha_output,
        activation="sigmoid" if logits else "none",
        in_rembg=in_rembg,
        second_image=second_image,
    )


def _birefnet(name: str, side: int = 1024, *, in_rembg: bool = False) -> NetworkSpec:
    """BiRefNet's exports give logits: `tutorials/BiRefNet_pth2onnx.ipynb`."""
    return _imagenet(
        name, Square(side), "input_image", "output_image", logits=True, in_rembg=in_rembg
    )


def _matting_unet(name: str) -> NetworkSpec:
    """ModelScope's `image_matting_pipeline.py`: RGB 0..255 of any size, which the graph itself scales."""
    return NetworkSpec(
        name, name, NativeSize(), scale=1.0, image_input="image", alpha_output="alpha"
    )


RVM_NETWORKS: dict[str, NetworkSpec] = {
    spec.name: spec
    for spec in (
        # MobileNetV3's blocks at an eighth and a sixteenth of the size: 40 and 160 channels.
        _rvm("rvm", (16, 20, 40, 64), descriptors=("464", "590")),
        _rvm("rvm-fp16", (16, 20, 40, 64)),
        _rvm("rvm-resnet50", (16, 32, 64, 128)),
        _rvm("rvm-resnet50-fp16", (16, 32, 64, 128)),
        # ModelScope's cv_effnetv2_video-human-matting, as scripts/export writes it: the same layout.
        _rvm("effnetv2-human-matting", (12, 16, 32, 64), "", "BGR"),
    )
}
"""Networks that carry recurrent states from frame to frame."""

DEPTH_NETWORKS: dict[str, NetworkSpec] = {
    "depth-anything-v2": _imagenet(
        "depth-anything-v2", ShortSide(518, 14, always=True), "pixel_values", "predicted_depth"
    )
}
"""Networks whose output is depth instead of alpha; a second image is made with them."""

FRAME_NETWORKS: dict[str, NetworkSpec] = {
    spec.name: spec
    for spec in (
        NetworkSpec("isnet-general-use", "isnet-general-use", Square(1024, filled_from=4 / 3), mean=_HALF, std=_ONE, in_rembg=True, exposes_dark=True),
        NetworkSpec("modnet", "modnet", ShortSide(512, 32), mean=_HALF, std=_HALF, image_input="input", alpha_output="output"),
        _birefnet("birefnet-matting"),
        _birefnet("birefnet-general", in_rembg=True),
        _birefnet("birefnet-lite", in_rembg=True),
        _birefnet("birefnet-portrait", in_rembg=True),
        _birefnet("birefnet-hr", 2048),
        _birefnet("birefnet-hr-matting", 2048),
        _imagenet("toonout", Square(1024), "image", "mask"),
        NetworkSpec("isnet-anime", "isnet-anime", Square(1024), mean=IMAGENET_MEAN, std=_ONE, in_rembg=True),
        _imagenet("ben2", Square(1024)),
        _imagenet("u2net", Square(320), in_rembg=True),
        _imagenet("u2netp", Square(320), in_rembg=True),
        _imagenet("u2net-human-seg", Square(320), in_rembg=True),
        _imagenet("silueta", Square(320), in_rembg=True),
        NetworkSpec("rmbg-1.4", "rmbg-1.4", Square(1024), mean=_HALF, std=_ONE),
        _imagenet("rmbg-2.0", Square(1024), "pixel_values", "alphas"),
        _matting_unet("matting-unet-portrait"),
        _matting_unet("matting-unet-universal"),
        _imagenet("inspyrenet", Square(1024), "image", "logits", logits=True),
        _imagenet("inspyrenet-fast", Square(384), "image", "logits", logits=True),
        _imagenet(
            "pdfnet", Square(1024), "image", "logits", logits=True,
            second_image=SecondImage("depth", "depth", "depth-anything-v2"),
        ),
        NetworkSpec(
            "background-matting", "background-matting", NativeSize(multiple=4, least_area=80_000),
            image_input="src", alpha_output="pha", foreground_output="fgr",
            second_image=SecondImage("clean_plate", "bgr"),
        ),
    )
}  # fmt: skip
"""Networks that see one image at a time, in the order they are shown."""
