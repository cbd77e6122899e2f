#!/usr/bin/env bash
# Each call of a Gradio server's API over /gradio_api/call is a visit of its own, and for each visit every component of the page
# describes itself again, on the thread that serves all requests: with 100 components, 100 descriptions for a call that touches one.
# On a page of 200 that costs tens of milliseconds of processor time, more than the rest of the call. No argument changes it.
# Seen with Gradio 6.31.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gradio==6.31.0 numpy==2.2.6
GRADIO_ANALYTICS_ENABLED=False env/bin/python - <<'PYTHON'
import json
import urllib.request

import gradio as gr

COMPONENTS, CALLS = 100, 5
print("Gradio", gr.__version__)


def louder(word: str) -> str:
    return word.upper()


with gr.Blocks() as page:
    boxes = [gr.Textbox() for _ in range(COMPONENTS)]
    gr.api(louder, api_name="louder")
page.launch(prevent_thread_lock=True, quiet=True)

described = []
original = gr.Textbox.get_config


def noted(self, *rest, **more):
    described.append(self._id)
    return original(self, *rest, **more)


gr.Textbox.get_config = noted
for _ in range(CALLS):
    address = f"{page.local_url}gradio_api/call/louder"
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps({"data": ["word"]}).encode(), head)
    event = json.load(urllib.request.urlopen(request))["event_id"]
    answer = urllib.request.urlopen(f"{address}/{event}").read().decode()
    assert '"WORD"' in answer, answer
a_call = len(described) / CALLS
print(f"descriptions of components for a call: {a_call:.0f} on a page of {COMPONENTS}")
page.close()
raise SystemExit(0 if a_call >= COMPONENTS else 1)
PYTHON
