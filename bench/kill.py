"""Kills a real process 40 times at random moments of real jobs and counts what was lost.

python bench/kill.py [--trials 40] [--seed 7] [--longest-s 6] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.disc import write_clip, write_mask_png
from tests.faults.killing import kill_once
from tests.faults.workplace import SIZE

LONGEST_S = 6.0
"""Kills come between 0 and this many seconds after the worker is ready, over its rounds."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--longest-s", type=float, default=LONGEST_S)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder) / "clip.mp4", 10, SIZE, audio=True)
        mask = write_mask_png(Path(folder) / "mask.png", 0, SIZE)
        for trial in range(options.trials):
            workspace = Path(folder) / f"trial-{trial}"
            delay_s = chance.uniform(0.0, options.longest_s)
            found = kill_once(workspace, clip, mask, delay_s, ffmpeg=trial % 4 == 3)
            before.update(found.state_at_kill)
            after.update(found.statuses)
            problems += [f"trial {trial} at {delay_s:.2f} s: {item}" for item in found.problems]
            print(
                f"{trial + 1}/{options.trials} {delay_s:.2f} s {found.state_at_kill}",
                file=sys.stderr,
            )
    result = {
        "trials": options.trials,
        "sessions": sum(after.values()),
        "at_kill": dict(before),
        "after_scan": dict(after),
        "problems": problems,
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{result['trials']} kills, {result['sessions']} sessions")
        print(f"at the kill: {result['at_kill']}")
        print(f"after the start-up scan: {result['after_scan']}")
        print(
            "\n".join(problems)
            or "nothing lost: every session readable, none done without its files"
        )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
