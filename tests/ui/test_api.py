"""The named endpoints, as a script uses them, and what strangers may not do with them."""

import asyncio
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import imageio_ffmpeg
import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState

from tests.ui.conftest import AppServer
from tests.ui.disc import write_disc_mask
from tests.ui.steps import fetch, state_file
from ui.page.blocks import PageBlocks

gradio_client = pytest.importorskip("gradio_client")


@pytest.fixture(scope="module")
def client(app: AppServer) -> Iterator[Any]:
    made = gradio_client.Client(app.url, verbose=False, analytics_enabled=False)
    yield made
    made.close()


def call(client: Any, name: str, **values: Any) -> Any:
    return client.predict(api_name=f"/{name}", **values)


def wait_for(client: Any, session: str) -> dict[str, Any]:
    import time

    for _ in range(300):
        status = call(client, "status", session=session)
        if not status["job"] or not status["job"]["is_active"]:
            return dict(status)
        time.sleep(0.2)
    pytest.fail("the job did not end")


@pytest.fixture
def session(client: Any, clip: Path) -> str:
    return str(call(client, "upload", clip=gradio_client.handle_file(str(clip)))["session"])


@pytest.fixture(scope="module")
def untouched(client: Any, clip: Path) -> str:
    """A session that no test changes."""
    return str(call(client, "upload", clip=gradio_client.handle_file(str(clip)))["session"])


def test_a_script_goes_from_clip_to_files(
    app: AppServer, client: Any, clip: Path, tmp_path: Path
) -> None:
    engines = call(client, "engines", language="zh")
    assert [engine["name"] for engine in engines if engine["available"]] == ["builtin"]
    assert all(engine["missing"] for engine in engines if not engine["available"])

    made = call(client, "upload", clip=gradio_client.handle_file(str(clip)))
    session = made["session"]
    assert made["clip"]["name"] == clip.name
    assert (made["clip"]["width"], made["clip"]["height"], made["clip"]["frames"]) == (160, 96, 12)

    found = call(client, "segment", session=session, points=[[48, 48]], box=[25, 25, 71, 71])
    assert found["kept"] == [found["instances"][0]["id"]]
    assert (
        fetch(app.url.rstrip("/") + found["instances"][0]["url"])[1]["content-type"] == "image/png"
    )

    queued = call(client, "submit", session=session, outputs=["alpha", "png"], last=7)
    assert queued["state"] in ("queued", "running", "done")
    status = wait_for(client, session)
    assert (status["state"], status["kind"]) == ("done", "done")
    outputs = {item["kind"]: item for item in call(client, "result", session=session)["outputs"]}
    assert set(outputs) == {"alpha", "png"}
    # What was marked is the sky now: the same session, and another matte of it.
    sky = write_disc_mask(tmp_path / "sky.png", (160, 96))
    values = {"picture": gradio_client.handle_file(str(sky)), "outputs": ["alpha"], "last": 1}
    assert call(client, "replace_sky", session=session, **values)["state"] != "failed"
    assert wait_for(client, session)["state"] == "done"
    request = state_file(app.workspace, session)["result_request"]
    assert (request["edges"]["invert"], request["backgrounds"]["preview"]) == (True, "picture")
    call(client, "take_version", session=session, version=1)
    target = tmp_path / "alpha.mp4"
    urllib.request.urlretrieve(app.url.rstrip("/") + outputs["alpha"]["url"], target)
    assert target.stat().st_size == outputs["alpha"]["size_bytes"]
    assert imageio_ffmpeg.count_frames_and_secs(target)[0] == 8


def test_a_ready_mask_is_taken_and_a_job_can_be_cancelled(
    client: Any, long_clip: Path, tmp_path: Path
) -> None:
    session = call(client, "upload", clip=gradio_client.handle_file(str(long_clip)))["session"]
    mask = write_disc_mask(tmp_path / "mask.png", (320, 192))
    found = call(client, "segment", session=session, mask=gradio_client.handle_file(str(mask)))
    assert len(found["instances"]) == 1
    call(client, "submit", session=session)
    assert call(client, "cancel", session=session) is True
    assert wait_for(client, session)["state"] == "cancelled"
    assert call(client, "cancel", session=session) is False


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("segment", {"points": [[1e9, 0]]}),
        ("segment", {"points": [[-1, 5]]}),
        ("segment", {"points": [["a", 0]]}),
        ("segment", {"frame": 10**7, "points": [[5, 5]]}),
        ("segment", {"frame": -1, "points": [[5, 5]]}),
        ("segment", {"box": [1, 2, 3]}),
        ("segment", {"examples": [[1, 2, 3]]}),
        ("segment", {"examples": [[1, 2, 30, 40, 1]]}),
        ("segment", {"mask": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}),
        ("submit", {"engine": "../../x"}),
        ("submit", {"outputs": ["exe"]}),
        ("submit", {"background": "javascript:1"}),
        ("submit", {"preview_background": "/etc/passwd"}),
        ("submit", {"edges": {"gamma": 1e9}}),
        ("submit", {"edges": {"nonsense": 1}}),
        ("submit", {"first": 5, "last": 2}),
        ("submit", {"options": {"unknown": 1}}),
        ("submit", {"kept": {"x": [1]}}),
        ("status", {"session": "../../etc"}),
        ("status", {"session": "A" * 24}),
        ("result", {"session": "/etc/passwd"}),
    ],
)
def test_forged_values_are_refused_with_a_reason(
    app: AppServer, client: Any, untouched: str, name: str, values: dict[str, Any]
) -> None:
    before = state_file(app.workspace, untouched)
    with pytest.raises(Exception) as caught:
        call(client, name, **{"session": untouched, **values})
    assert len(str(caught.value)) > 15
    assert "Traceback" not in str(caught.value)
    assert "report no." not in str(caught.value)
    assert state_file(app.workspace, untouched) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("media/{session}/frame/99999.jpg", 400),
        ("media/{session}/frame/..%2f..%2fsession.jpg", 404),
        ("media/{session}/file/..%2fsession.json", 404),
        ("media/{session}/still/0.jpg?background=/etc/passwd", 400),
        ("media/{session}/mask/0/7.png", 400),
        ("media/..%2f..%2fetc/frame/0.jpg", 404),
        ("gradio_api/file=/etc/passwd", 404),
        ("gradio_api/file={workspace}/sessions/{session}/session.json", 404),
    ],
)
def test_no_address_leads_to_another_file(
    app: AppServer, untouched: str, path: str, status: int
) -> None:
    url = app.url + path.format(session=untouched, workspace=app.workspace)
    assert fetch(url)[0] == status


def test_a_one_gibibyte_result_is_served_without_a_copy_while_others_are_answered(
    app: AppServer, client: Any, session: str
) -> None:
    import time

    call(client, "segment", session=session, box=[25, 25, 71, 71])
    call(client, "submit", session=session, outputs=["alpha"])
    assert wait_for(client, session)["state"] == "done"
    folder = app.workspace / "sessions" / session
    gibibyte = 1024**3
    with (folder / "alpha.mp4").open("r+b") as stream:
        stream.truncate(gibibyte)

    started_s = time.perf_counter()
    (item,) = call(client, "result", session=session)["outputs"]
    assert item["size_bytes"] == gibibyte
    with urllib.request.urlopen(app.url.rstrip("/") + item["url"], timeout=30) as answer:
        assert int(answer.headers["content-length"]) == gibibyte
        assert len(answer.read(65536)) == 65536
        print(f"ready after {time.perf_counter() - started_s:.3f} s")
        asked_s = time.perf_counter()
        assert fetch(f"{app.url}healthz")[0] == 200
        print(f"another request meanwhile: {time.perf_counter() - asked_s:.3f} s")
    taken = sum(path.stat().st_blocks * 512 for path in app.workspace.rglob("*") if path.is_file())
    assert taken < gibibyte // 4

    status, headers, body = fetch(
        app.url.rstrip("/") + item["url"], Range=f"bytes={gibibyte - 10}-"
    )
    assert (status, len(body)) == (206, 10)
    assert headers["content-range"] == f"bytes {gibibyte - 10}-{gibibyte - 1}/{gibibyte}"


def test_a_script_renders_again_over_a_picture(
    app: AppServer, client: Any, session: str, tmp_path: Path
) -> None:
    from PIL import Image

    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), (200, 20, 20)).save(picture)
    call(client, "segment", session=session, box=[25, 25, 71, 71])
    call(client, "submit", session=session, outputs=["alpha"], edges={"gamma": 1.5}, feather_px=1)
    assert wait_for(client, session)["state"] == "done"
    given = gradio_client.handle_file(str(picture))
    call(client, "background_picture", session=session, picture=given)
    call(client, "render", session=session, preview_background="picture", grow_px=-1)
    assert wait_for(client, session)["state"] == "done"
    request = state_file(app.workspace, session)["result_request"]
    assert request["outputs"] == ["alpha"]
    assert request["backgrounds"] == {"foreground": "#00FF00", "preview": "picture"}
    shaped = {name: request["edges"][name] for name in ("gamma", "feather_px", "grow_px")}
    assert shaped == {"gamma": 1.5, "feather_px": 1.0, "grow_px": -1.0}
    with pytest.raises(Exception, match="grow_px"):
        call(client, "render", session=session, grow_px=51)


def test_the_upload_leaves_nothing_in_the_cache(app: AppServer, client: Any, clip: Path) -> None:
    call(client, "upload", clip=gradio_client.handle_file(str(clip)))
    assert not list((app.workspace / "uploads").rglob("*.mp4"))


def test_components_are_described_once_for_all_visits_and_stay_their_own() -> None:
    # Without a running loop Gradio makes one and leaves it open; the browser of other tests keeps one running here.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _describe_components()).result()


async def _describe_components() -> None:
    with PageBlocks() as blocks:
        text = gr.Textbox("first")
    plain = BlocksConfig.config_for_block(text._id, [], text)
    describe, described = text.get_config, list[int]()
    text.get_config = lambda: described.append(1) or describe()
    one, other = SessionState(blocks), SessionState(blocks)
    assert one.config_values[text._id] == other.config_values[text._id] == plain
    one._update_value_in_config(text._id, "second")
    one[text._id] = gr.Textbox("third", render=False)
    one._update_config(text._id)
    assert one.config_values[text._id]["props"]["value"] == "third"
    assert other.config_values[text._id] == SessionState(blocks).config_values[text._id] == plain
    assert described == [1]
