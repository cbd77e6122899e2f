#!/usr/bin/env bash
# Fetches model weights into models/: bash scripts/download_models.sh [--list] [--dry-run] NAME...
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$root/.venv/bin/python"
if [ ! -x "$python" ]; then
  python="$(command -v python3 || true)"
fi
if [ -z "$python" ]; then
  echo "Python 3.10 or newer is needed; run: bash scripts/setup_env.sh" >&2
  exit 2
fi
exec "$python" "$root/scripts/download_models.py" "$@"
