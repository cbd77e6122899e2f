#!/usr/bin/env bash
# Sets up what is missing and runs every check and every test; arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup_env.sh --dev --workers
# Workers are tested with a real server; those tests skip without one.
if ! command -v redis-server >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing redis-server"
  { apt-get install -y -q --no-install-recommends redis-server \
    || { apt-get update -q && apt-get install -y -q --no-install-recommends redis-server; }; } >/dev/null 2>&1 \
    || echo "It can't be installed: tests of workers on several machines are skipped." >&2
fi
# Engines are tested on tiny random checkpoints.
if ! .venv/bin/python -c 'import torch, transformers, diffusers' >/dev/null 2>&1; then
  echo "Installing requirements-models.txt"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-models.txt
fi
# Upstream code that engines are compared with, in a folder of its own; its tests skip without it.
stamp=.venv/reference/.installed
sum=$(sha256sum requirements-reference.txt | cut -d' ' -f1)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$sum" ]; then
  echo "Installing requirements-reference.txt into .venv/reference"
  rm -rf .venv/reference
  if .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --target .venv/reference -r requirements-reference.txt; then
    echo "$sum" >"$stamp"
  else
    echo "It can't be fetched: comparisons with upstream code are skipped." >&2
  fi
fi
# The tests on real weights skip where they can't be fetched.
bash scripts/light_models.sh
bash scripts/setup_browser.sh

.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
exec .venv/bin/python -m pytest "$@"
