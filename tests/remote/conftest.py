"""The stand-in for services, and engines that know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.registry import build_registry, connect_exchange
from engines.remote.services import SERVICES
from pipeline.video_io import ClipFiles
from tests.disc import disc_frame
from tests.remote.stand_in import KEY, StandIn, serve

BASES = {
    "replicate": "/replicate/v1",
    "fal": "/fal",
    "fal-birefnet": "/fal",
    "bria": "/bria/v2",
    "remove-bg": "/remove-bg",
    "unscreen": "/unscreen",
    "bria-image": "/bria/v2",
    "replicate-image": "/replicate/v1",
}
FRAMES = [disc_frame(index) for index in range(12)]


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    state = StandIn(tmp_path_factory.mktemp("stand-in"))
    servers = serve(state)
    yield state
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def service(_server: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in, as if nobody had called it yet, and keys for it in the environment."""
    _server.reset()
    for row in SERVICES.values():
        monkeypatch.setenv(row.key_name, KEY)
    return _server


@pytest.fixture
def settings(service: StandIn, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        models_dir=tmp_path / "models",
        remote_keys_file=tmp_path / "keys",
        remote_bases={name: service.url + path for name, path in BASES.items()},
        remote_prices=dict.fromkeys(BASES, 1.0),
        remote_pause_s=0.01,
        remote_budget_day_usd=12.0,
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
        segmenter="builtin",
        device="cpu",
    )


@pytest.fixture
def matte(settings: Settings) -> Callable[..., np.ndarray]:
    """Run a service on the disc; return its alphas, float32 (N, H, W)."""

    def run(
        name: str,
        *,
        changed: dict[str, Any] | None = None,
        context: RunContext | None = None,
        frames: list[np.ndarray] | None = None,
        guide: dict[int, np.ndarray] | None = None,
        **options: Any,
    ) -> np.ndarray:
        installed = settings.model_copy(update=changed or {})
        registry = build_registry(installed)
        connect_exchange(registry, ClipFiles(installed))
        engine = registry.get(name)
        engine.load_model("cpu")
        # Each run has a session's folder of its own, as attempts of worker processes have.
        run_context = context or RunContext()
        clip = ArrayFrames(frames or [frame for frame, _ in FRAMES])
        made = list(engine.process(clip, guide or {}, 0, options, run_context))  # type: ignore[attr-defined]
        assert [item.index for item in made] == list(range(len(clip)))
        return np.stack([item.alpha for item in made])

    return run


def overlap(alphas: np.ndarray, masks: list[np.ndarray] | None = None) -> float:
    """The least intersection over union of any frame."""
    found = alphas > 0.5
    true = np.stack(masks or [mask for _, mask in FRAMES])
    both = (found & true).sum((1, 2)) / np.maximum((found | true).sum((1, 2)), 1)
    return float(both.min())
