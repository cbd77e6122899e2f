"""Networks in ONNX files: every declared row runs, and a file of another network is refused with what differs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from config import Settings
from engines import weights_manifest
from engines.onnx.network_engine import NetworkFile
from engines.onnx.networks import DEPTH_NETWORKS, FRAME_NETWORKS, RVM_NETWORKS
from engines.onnx.runtime.interface import NetworkSession, StreamPlan
from engines.onnx.runtime.opset import NEWEST_OPSET, check_opset
from engines.onnx.spec import ColourOrder
from engines.weights_manifest import model_weights
from tests.engines.tiny_onnx import OPSET, build_network, install, unpinned_manifest
from utils.errors import EngineUnavailable, ModelFilesError

ROOT = Path(__file__).parents[2]
NETWORKS = RVM_NETWORKS | FRAME_NETWORKS | DEPTH_NETWORKS
RUNTIMES = ("onnxruntime", "openvino")
RVM = RVM_NETWORKS["rvm"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models")
    with unpinned_manifest(folder):
        yield folder


def network_file(name: str, models: Path, runtime: str = "onnxruntime") -> NetworkFile:
    return NetworkFile(
        NETWORKS[name], Settings(_env_file=None, models_dir=models, onnx_runtime=runtime)
    )


def open_stream(
    session: NetworkSession,
    size_wh: tuple[int, int],
    ratio: float = 0.5,
    colour_order: ColourOrder = "RGB",
):
    return session.open_stream(
        StreamPlan(
            "src",
            (1, 3, size_wh[1], size_wh[0]),
            {"downsample_ratio": np.array([ratio], np.float32)},
            RVM.states,
            ("pha",),
            colour_order,
        )
    )


def images(count: int, size_wh: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [
        rng.integers(0, 256, (size_wh[1], size_wh[0], 3)).astype(np.uint8) for _ in range(count)
    ]


def test_every_network_has_a_row_in_the_manifest_of_weights():
    for spec in NETWORKS.values():
        assert len(model_weights(spec.weights).files) == 1
        assert model_weights(spec.weights).licence


@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.endswith("fp16")])
def test_a_file_of_the_declared_layout_is_taken(models: Path, name: str):
    install(NETWORKS[name], models)
    session = network_file(name, models).open("cpu")
    assert session.info.provider.startswith("CPU")


@pytest.mark.parametrize("name", ["rvm", "rvm-resnet50"])
def test_a_float16_file_gives_what_the_float32_one_does(models: Path, name: str):
    found = []
    for row in (name, f"{name}-fp16"):
        install(RVM_NETWORKS[row], models, half=row != name)
        session = network_file(row, models).open("cpu")
        stream = open_stream(session, (64, 48))
        found.append([stream.step(image)[0].copy() for image in images(3, (64, 48))])
    assert session.info.precision == "float16"
    for full, half in zip(*found, strict=True):
        assert (full.dtype, half.dtype) == (np.float32, np.float16)
        assert full.std() > 0.02
        assert np.abs(full - half).max() < 0.005


@pytest.mark.parametrize(
    ("variation", "difference"),
    [
        ({"rename": {"src": "image"}}, "no input “src”; unknown input “image”"),
        ({"rename": {"pha": "alpha"}}, "no output “pha”"),
        ({"channels": 4}, "input “src” has 4 channels instead of 3"),
        ({"rename": {"r3i": "extra"}}, "no input “r3i”"),
    ],
)
def test_another_network_is_refused_with_what_differs(models: Path, variation, difference):
    install(RVM, models, **variation)
    with pytest.raises(ModelFilesError) as caught:
        network_file("rvm", models).open("cpu")
    assert difference in caught.value.user_message
    assert "download_models.sh rvm" in caught.value.user_message


def test_states_of_another_network_are_refused(models: Path):
    build_network(RVM_NETWORKS["rvm-resnet50"], network_file("rvm", models).path)
    with pytest.raises(ModelFilesError, match="has 32 channels instead of 20"):
        network_file("rvm", models).open("cpu")


def test_a_second_image_of_another_network_is_refused(models: Path):
    spec = NETWORKS["background-matting"]
    install(spec, models, rename={"bgr": "trimap"})
    with pytest.raises(ModelFilesError, match="no input “bgr”"):
        network_file("background-matting", models).open("cpu")
    build_network(NETWORKS["pdfnet"], network_file("background-matting", models).path, side=64)
    with pytest.raises(ModelFilesError, match="unknown input “depth”"):
        network_file("background-matting", models).open("cpu")


def test_a_fixed_size_other_than_the_row_s_is_refused(models: Path):
    install(NETWORKS["isnet-general-use"], models, side=512)
    with pytest.raises(ModelFilesError, match="instead of 1024 pixels square"):
        network_file("isnet-general-use", models).open("cpu")


FIRST_USE = """
import sys, threading, time
from pathlib import Path
import numpy as np

class Slow(np.lib.NumpyVersion):
    # What the binding calls while it looks numpy up; another thread comes to the same place meanwhile.
    def __init__(self, version):
        time.sleep(0.3)
        super().__init__(version)

np.lib.NumpyVersion = Slow
from engines.onnx.runtime.with_openvino import OpenVinoSession
sessions = [OpenVinoSession(Path(sys.argv[1]), 1) for _ in range(2)]
barrier = threading.Barrier(2)
found = []

def ask(session):
    image = np.zeros((1, 3, 320, 320), np.float32)
    barrier.wait()
    found.append(session.run({"image": image}, ["alpha"])[0].shape)

threads = [threading.Thread(target=ask, args=(session,)) for session in sessions]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(found)
"""


def test_two_networks_may_be_asked_at_the_same_time_before_any_other_was(models: Path):
    """The whole process stood still for good, also the page: each thread waited for what the other one held."""
    pytest.importorskip("openvino")
    path = install(NETWORKS["u2netp"], models)
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[(1, 1, 320, 320), (1, 1, 320, 320)]", done.stderr[-2000:]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_file_of_a_fixed_size_is_set_to_another_one_and_back(models: Path, runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    install(NETWORKS["isnet-general-use"], models)
    session = network_file("isnet-general-use", models, runtime).open("cpu")
    square = np.zeros((1, 3, 1024, 1024), np.float32)
    square[..., :448] = np.random.default_rng(0).normal(0, 0.2, (1, 3, 1024, 448))
    narrow = np.ascontiguousarray(square[..., :448])
    found = [session.run({"image": image}, ["alpha"])[0] for image in (square, narrow, square)]
    assert np.array_equal(found[0], found[2])
    assert found[1].shape == (1, 1, 1024, 448)
    # The convolution and the way through half the size reach over the seam.
    assert np.abs(found[1] - found[0][..., :448])[..., :444].max() < 0.02
    assert found[1].std() > 0.02


def test_openvino_computes_the_wanted_output_alone(models: Path):
    openvino = pytest.importorskip("openvino")
    compiled = []
    known = openvino.Core.compile_model

    def compile_model(self, model, *rest):
        compiled.append([output.get_any_name() for output in model.outputs])
        return known(self, model, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino.Core, "compile_model", compile_model)
        install(NETWORKS["u2netp"], models)
        session = network_file("u2netp", models, "openvino").open("cpu")
        for _ in range(2):
            session.run({"image": np.zeros((1, 3, 320, 320), np.float32)}, ["alpha"])
    assert [item.name for item in session.outputs] == ["alpha", "further"]
    assert compiled == [["alpha"]]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("how", ["truncated", "text", "opset"])
def test_a_damaged_file_is_refused_with_the_command_that_gets_it(models, how, runtime):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    path = install(RVM, models, opset=99 if how == "opset" else OPSET)
    if how == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if how == "text":
        path.write_text("<html>not found</html>")
    with pytest.raises(ModelFilesError) as caught:
        network_file("rvm", models, runtime).open("cpu")
    assert "bash scripts/download_models.sh rvm" in caught.value.user_message


def test_operators_of_a_later_version_than_the_newest_known_are_named(models):
    check_opset(install(RVM, models, opset=NEWEST_OPSET))
    with pytest.raises(ValueError, match=str(NEWEST_OPSET + 1)):
        check_opset(install(RVM, models, opset=NEWEST_OPSET + 1))


def test_a_file_with_another_checksum_is_refused(tmp_path: Path, monkeypatch):
    pinned = Path(weights_manifest.__file__).with_name("weights.json")
    monkeypatch.setattr(weights_manifest, "PINNED_PATH", pinned)
    install(RVM, tmp_path)
    with pytest.raises(ModelFilesError, match="bytes instead of 14975696"):
        network_file("rvm", tmp_path).open("cpu")


def test_a_missing_file_is_a_requirement(tmp_path: Path):
    file = network_file("rvm", tmp_path)
    assert [item.present for item in file.requirements()] == [True, False]
    assert file.requirements()[1].command == "bash scripts/download_models.sh rvm"


def test_openvino_is_named_where_it_is_demanded_and_missing(models: Path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name)
    )
    install(RVM, models)
    with pytest.raises(EngineUnavailable) as caught:
        network_file("rvm", models, "openvino").open("cpu")
    assert "SPLAZMATTE_ONNX_RUNTIME" in caught.value.user_message


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_states_go_on_from_frame_to_frame_and_a_reset_begins_again(models: Path, runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    install(RVM, models)
    session = network_file("rvm", models, runtime).open("cpu")
    stream = open_stream(session, (64, 48))
    first, second = images(2, (64, 48))
    fresh = stream.step(first)[0].copy()
    after = stream.step(second)[0].copy()
    stream.reset()
    assert np.array_equal(stream.step(first)[0], fresh)
    stream.reset()
    assert not np.array_equal(stream.step(second)[0], after)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_memory_that_is_given_back_is_taken_again_without_a_change_of_the_result(
    models: Path, runtime: str
):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    install(RVM, models)
    session = network_file("rvm", models, runtime).open("cpu")
    size_wh = (96, 64)
    frames = images(4, size_wh)

    def alphas(between: Callable[[], None]) -> list[np.ndarray]:
        stream, found = open_stream(session, size_wh), []
        for frame in frames:
            found.append(stream.step(frame)[0].copy())
            between()
        return found

    undisturbed = alphas(lambda: None)
    disturbed = alphas(session.release_memory)
    session.release_memory()
    again = alphas(lambda: None)
    assert all(np.array_equal(*pair) for pair in zip(undisturbed, disturbed, strict=True))
    assert all(np.array_equal(*pair) for pair in zip(undisturbed, again, strict=True))


def test_openvino_keeps_the_memory_of_a_stream_in_use_and_gives_back_that_of_a_finished_one(
    models: Path,
):
    pytest.importorskip("openvino")
    install(RVM, models)
    session = network_file("rvm", models, "openvino").open("cpu")
    stream = open_stream(session, (96, 64))
    stream.step(images(1, (96, 64))[0])
    compiled = Mock()
    session._streams = {"of one size": compiled}
    session.release_memory()
    compiled.release_memory.assert_not_called()
    del stream
    session.release_memory()
    compiled.release_memory.assert_called_once_with()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_network_of_bgr_gets_the_channels_in_its_order(models: Path, runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    assert NETWORKS["effnetv2-human-matting"].colour_order == "BGR"
    install(RVM, models)
    session = network_file("rvm", models, runtime).open("cpu")
    (image,) = images(1, (64, 48))
    swapped = open_stream(session, (64, 48), colour_order="BGR").step(image[..., ::-1])[0].copy()
    assert np.abs(swapped - open_stream(session, (64, 48)).step(image)[0]).max() < 0.01


def test_both_runtimes_give_the_same_alphas(models: Path):
    pytest.importorskip("openvino")
    install(RVM, models)
    found = []
    for runtime in RUNTIMES:
        stream = open_stream(network_file("rvm", models, runtime).open("cpu"), (66, 42))
        found.append([stream.step(image)[0].copy() for image in images(4, (66, 42))])
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape == (1, 1, 42, 66)
        assert np.abs(one - other).mean() < 0.01  # bfloat16 where the processor has it
