"""A clip goes to a hosted service from a real page: what is said before, and what it cost after."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remote.stand_in import KEY, StandIn, serve
from tests.ui.conftest import AppServer
from tests.ui.steps import state_file, upload_and_select, wait_done

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    state = StandIn(tmp_path_factory.mktemp("service"))
    servers = serve(state)
    yield state
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_page_says_who_gets_the_clip_and_the_cost_and_sums_it_up(
    make_module_server: Callable[..., AppServer],
    service: StandIn,
    open_page: Callable[..., Any],
    clip: Path,
) -> None:
    app = make_module_server(
        SPLAZMATTE_FAL_KEY=KEY,
        SPLAZMATTE_REMOTE_BASES=json.dumps({"fal": f"{service.url}/fal"}),
        SPLAZMATTE_REMOTE_PRICES='{"fal": 1}',
        SPLAZMATTE_REMOTE_PAUSE_S="0.05",
    )
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    page.locator("input[name=sm-engine][value=fal]").check()
    said = page.wait_for_selector("text=leaves this machine").inner_text()
    assert "12 frames go to fal (127.0.0.1), for about USD 0." in said
    assert service.requests == []
    page.click("#sm-start")
    wait_done(page)
    assert "The clip went to fal and cost about USD 0." in page.inner_text(".sm-results")
    assert service.bills == 1
    cost = state_file(app.workspace, session)["run_details"]["cost_usd"]
    assert f"for about USD {float(cost):.2f}" in said
    assert KEY not in app.log.read_text()
    assert not app.errors()
