#!/usr/bin/env bash
# Sets up what is missing and runs the page; arguments go to `app.py serve` (--host, --port).
set -euo pipefail
command=serve
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup_env.sh
bash scripts/light_models.sh
exec .venv/bin/python app.py serve "$@"
