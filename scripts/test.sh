#!/usr/bin/env bash
# Sets up what is missing and runs every check and every test; arguments go to pytest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# pip's name for "compile nothing": tests import a small part of what is installed, and compile that themselves.
export PIP_NO_COMPILE=0
jobs=()
# No installation is broken off half-way where one fails.
trap wait EXIT
# Every process that a test starts would compile what it imports again.
unset PYTHONDONTWRITEBYTECODE

# What comes from elsewhere than pip: tests skip without it.
install_tools() {
  # Workers are tested with a real server; those tests skip without one.
  if ! command -v redis-server >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing redis-server"
    { apt-get install -y -q --no-install-recommends redis-server \
      || { apt-get update -q && apt-get install -y -q --no-install-recommends redis-server; }; } >/dev/null 2>&1 \
      || echo "It can't be installed: tests of workers on several machines are skipped." >&2
  fi
  bash scripts/setup_browser.sh
}

install_models() {
  # Engines are tested on tiny random checkpoints.
  if ! .venv/bin/python -c 'import torch, transformers, diffusers' >/dev/null 2>&1; then
    echo "Installing requirements-models.txt"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-models.txt
  fi
}

# Upstream code that engines are compared with, in a folder of its own; its tests skip without it.
install_reference() {
  local stamp=.venv/reference/.installed sum
  sum=$(sha256sum requirements-reference.txt | cut -d' ' -f1)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    return 0
  fi
  echo "Installing requirements-reference.txt into .venv/reference"
  rm -rf .venv/reference
  if .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --target .venv/reference -r requirements-reference.txt; then
    echo "$sum" >"$stamp"
  else
    echo "It can't be fetched: comparisons with upstream code are skipped." >&2
  fi
}

# Downloads go on beside what needs a processor.
install_tools &
jobs+=($!)
bash scripts/setup_env.sh --dev --workers
install_models &
jobs+=($!)
# The tests on real weights skip where they can't be fetched.
{ install_reference; bash scripts/light_models.sh; } &
jobs+=($!)

.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/lint-imports
# Types take half a minute of a processor: they are checked beside the tests, which wait for this and that.
nice -n 10 .venv/bin/mypy >.venv/types.log 2>&1 &
types=$!
for job in "${jobs[@]}"; do wait "$job"; done
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
status=0
.venv/bin/python -m pytest "$@" || status=$?
wait "$types" || status=1
cat .venv/types.log
exit "$status"
