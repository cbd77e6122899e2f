"""Which engines carry no non-commercial licence is told beside each of them."""

from __future__ import annotations

import json
import re

import app
from config import Settings
from ui.views import engine_choices, engine_views, licence_text


def test_the_licence_stands_beside_each_engine(tmp_path, capsys):
    from ui.command_line.commands.lists import engines

    settings = Settings(_env_file=None, workspace_dir=tmp_path, models_dir=tmp_path, device="cpu")
    orchestrator = app.build_orchestrator(settings)
    infos = {info.name: info for info in orchestrator.all_engines()}
    assert infos["rvm"].licence.en.startswith("GPL-3.0")
    clean = {name for name, info in infos.items() if info.commercial_use}
    assert {"builtin", "rvm", "modnet", "birefnet-matting", "u2net", "ben2"} <= clean
    assert not clean & {"matanyone", "videomama", "rmbg-1.4", "rmbg-2.0"}
    views = {view["name"]: view for view in engine_views(orchestrator.engines(), "en")}
    # The page begins with the automatic choice, which alone looks at the target.
    choices = engine_choices(orchestrator.engines(), "en")
    assert [view["name"] for view in choices if view["initial"]] == ["auto"]
    assert [view["name"] for view in choices] == ["auto", *views]
    # Who reads that text needs another engine finds what gets it.
    finders = [one for one in orchestrator.segmenters() if not one.is_available]
    choices = engine_choices(orchestrator.engines(), "en", orchestrator.segmenters())
    assert [view["name"] for view in choices] == ["auto", *views, *(one.name for one in finders)]
    (by_text,) = [view for view in choices if view["name"] == "sam3"]
    commands = [what["command"] for what in by_text["missing"]]
    assert "bash scripts/download_models.sh sam3" in commands
    assert "commercial-clean" in views["rvm"]["description"]
    assert "not for commercial use" in views["matanyone"]["description"]
    # VideoMaMa said that it needs an NVIDIA GPU and that it runs on the CPU.
    assert "Runs on the CPU" in views["builtin"]["description"]
    assert not views["videomama"]["available"]
    assert "Runs on" not in views["videomama"]["description"]
    assert "Licence" not in views["builtin"]["description"]
    for info in infos.values():
        # Beside its name, a licence has no English words on the Chinese page.
        assert not re.search(r"\b(use|used|only|the|its|of|ask|for)\b", licence_text(info, "zh")), (
            info.name
        )
    # A long list of frame networks is shown on the page only where their weights are.
    assert "modnet" not in views

    class Options:
        json = True

    engines(Options(), orchestrator)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["matanyone"]["commercial_use"] is False
    assert rows["modnet"]["missing"][0]["what"].startswith("weights")
    orchestrator.close()
