#!/usr/bin/env bash
# A Gradio server that nobody uses never sleeps: its queue looks for a new event every millisecond (50 ms on Windows only), some 450 to
# 1000 wake-ups a second and 5 to 8 % of a core for as long as it runs; two dozen idle demos on one machine take a whole core. No
# argument of queue() or launch() changes it; sleep_when_free of the private queue object does (20 ms: under 100 wake-ups a second).
# Seen with Gradio 6.31.0 on Linux.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gradio==6.31.0 numpy==2.2.6
GRADIO_ANALYTICS_ENABLED=False env/bin/python - <<'PYTHON'
import time
from pathlib import Path

import gradio as gr

print("Gradio", gr.__version__)
with gr.Blocks() as page:
    gr.Textbox()
page.launch(prevent_thread_lock=True, quiet=True)


def wakeups():
    texts = [path.read_text() for path in Path("/proc/self/task").glob("*/status")]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("voluntary_ctxt"))


def rate():
    time.sleep(3)
    before, cpu_s, start_s = wakeups(), time.process_time(), time.monotonic()
    time.sleep(10)
    passed_s = time.monotonic() - start_s
    return (wakeups() - before) / passed_s, 100 * (time.process_time() - cpu_s) / passed_s


as_it_comes, percent = rate()
print(f"as it comes: {as_it_comes:.0f} wake-ups a second, {percent:.1f} % of a core")
page._queue.sleep_when_free = 0.02
page._queue.progress_update_sleep_when_free = 0.02
slower, percent = rate()
print(f"sleep of 20 ms: {slower:.0f} wake-ups a second, {percent:.1f} % of a core")
assert as_it_comes > 4 * slower, (as_it_comes, slower)
PYTHON
