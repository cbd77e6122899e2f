#!/usr/bin/env bash
# Sets up what is missing and runs a worker; arguments go to `app.py worker` (--broker redis://…, --name).
set -euo pipefail
# Nothing is set up for it; the program's own options are listed where its environment is there.
case " $* " in
  *" -h "* | *" --help "*)
    sed -nE '2,/^[^#]/s/^# ?//p' "${BASH_SOURCE[0]}"
    root="$(dirname "${BASH_SOURCE[0]}")/.."
    if [ -x "$root/.venv/bin/python" ]; then exec "$root/.venv/bin/python" "$root/app.py" worker --help; fi
    exit 0
    ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup_env.sh --workers
exec .venv/bin/python app.py worker "$@"
