#!/usr/bin/env bash
# Fetches the small model that runs on any machine (Robust Video Matting, 15 MB), at the first set-up.
# Without it the program goes on. After a failure it is not asked for again for a day;
# SPLAZMATTE_LIGHT_MODELS=0 (environment or .env) skips it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The environment goes before .env, as with every setting; quotes and the words for no are those of the others.
setting=${SPLAZMATTE_LIGHT_MODELS:-}
if [ -z "$setting" ] && [ -f .env ]; then
  setting=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?SPLAZMATTE_LIGHT_MODELS[[:space:]]*=[[:space:]]*//p" .env \
    | tail -n 1 | sed -E "s/[[:space:]]+#.*//; s/^[\"']//; s/[\"'[:space:]]*\$//")
fi
case "${setting,,}" in 0 | false | off | no | f | n) exit 0 ;; esac
stamp=.venv/.light-models
if [ -f "$stamp" ] && { [ "$(cat "$stamp")" = fetched ] || [ -n "$(find "$stamp" -mtime -1)" ]; }; then
  exit 0
fi
if bash scripts/download_models.sh rvm 2>/dev/null; then
  echo fetched >"$stamp"
else
  echo tried >"$stamp"
  echo "Robust Video Matting could not be fetched; going on without it. Later: bash scripts/download_models.sh rvm" >&2
fi
