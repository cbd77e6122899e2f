#!/usr/bin/env bash
# Sets up the Python environment in .venv, and only what is missing in it.
#   --models   also torch and the model packages (done by itself where an NVIDIA GPU is seen)
#   --gpu      as where an NVIDIA GPU is seen, for an image that is built on a machine without one
#   --workers  also what workers on several machines need
#   --dev      also what the tests and checks need
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

want_models=0
want_gpu=0
want_workers=0
want_dev=0
for argument in "$@"; do
  case "$argument" in
    --models) want_models=1 ;;
    --gpu) want_gpu=1 ;;
    --workers) want_workers=1 ;;
    --dev) want_dev=1 ;;
    *) echo "usage: setup_env.sh [--models] [--gpu] [--workers] [--dev]" >&2; exit 2 ;;
  esac
done
if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then want_gpu=1; fi
if [ "$want_gpu" = 1 ]; then want_models=1; fi

# The first of these that is on the machine, is a Python from 3.10 to 3.13, and can make environments.
find_python() {
  local name
  for name in "${SPLAZMATTE_PYTHON:-}" python3.12 python3.11 python3.13 python3.10 python3 python; do
    [ -n "$name" ] || continue
    command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
      >/dev/null 2>&1; then
      echo "$name"
      return 0
    fi
  done
  echo "Python 3.10 to 3.13 with the venv module is needed (on Debian: apt-get install python3-venv)." >&2
  return 1
}

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
  python=$(find_python)
  echo "Making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi

# Installs a requirements file unless the same content was installed before.
install() {
  local file=$1 stamp=".venv/.installed-$1"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(sum_of "$file")" ]; then
    return 0
  fi
  echo "Installing $file"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "${@:2}" -r "$file"
  note_installed "$file"
}

sum_of() { sha256sum "$1" | cut -d' ' -f1; }

note_installed() { sum_of "$1" >".venv/.installed-$1"; }

is_there() { .venv/bin/python -m pip show --quiet "$1" >/dev/null 2>&1; }

# Neither list counts as installed from here on, so that a run that stops half-way is made good by the next one.
remove_onnxruntime() {
  rm -f .venv/.installed-requirements.txt .venv/.installed-requirements-gpu.txt
  .venv/bin/python -m pip uninstall --quiet --yes onnxruntime onnxruntime-gpu
}

# Loops are compiled once and kept beside the code, so that neither the first mark nor the first job waits for it.
compile_loops() {
  local stamp=.venv/.compiled sum
  sum=$(find engines/builtin pipeline/postprocess utils -name '*.py' -exec cat {} + | cat - requirements.txt scripts/compile_loops.py | sha256sum | cut -d' ' -f1)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    return 0
  fi
  echo "Compiling loops"
  if .venv/bin/python -m scripts.compile_loops 2>/dev/null; then
    echo "$sum" >"$stamp"
  else
    echo "They could not be compiled now; the page does it after its start." >&2
  fi
}

install requirements.txt
# The two builds of ONNX Runtime have one import name: only one of them may be there.
if [ "$want_gpu" = 1 ]; then
  if is_there onnxruntime; then
    remove_onnxruntime
    install requirements-gpu.txt
    note_installed requirements.txt
  fi
  install requirements-gpu.txt
elif [ -f .venv/.installed-requirements-gpu.txt ] && is_there onnxruntime; then
  # No GPU is seen now, and an update has just put this build over the other.
  remove_onnxruntime
  install requirements.txt
fi
# While the rest is installed, which compiling needs nothing of.
compile_loops &
compiling=$!
if [ "$want_workers" = 1 ]; then install requirements-workers.txt; fi
if [ "$want_dev" = 1 ]; then install requirements-dev.txt; fi
if [ "$want_models" = 1 ]; then
  # A card whose driver is older than PyPI's torch needs a torch for an older CUDA, from another index.
  index=()
  if [ -n "${SPLAZMATTE_TORCH_INDEX:-}" ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --index-url "$SPLAZMATTE_TORCH_INDEX" "$(grep -E '^torch==' requirements-models.txt)"
    index=(--extra-index-url "$SPLAZMATTE_TORCH_INDEX")
  fi
  install requirements-models.txt ${index[@]+"${index[@]}"}
fi
wait "$compiling"
