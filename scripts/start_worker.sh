#!/usr/bin/env bash
# Sets up what is missing and runs a worker; arguments go to `app.py worker` (--broker redis://…, --name).
set -euo pipefail
command=worker
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup_env.sh --workers
exec .venv/bin/python app.py worker "$@"
