#!/usr/bin/env bash
# Fetches the small model that runs on any machine (Robust Video Matting, 15 MB) where it is not there.
# Without it the program goes on. After a failure it is not asked for again for a day; Ctrl+C ends the start.
# SPLAZMATTE_LIGHT_MODELS=0 (environment or .env) skips it.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The environment goes before .env, as with every setting; quotes and the words for no are those of the others.
setting=${SPLAZMATTE_LIGHT_MODELS:-}
if [ -z "$setting" ] && [ -f .env ]; then
  setting=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?SPLAZMATTE_LIGHT_MODELS[[:space:]]*=[[:space:]]*//p" .env \
    | tail -n 1 | sed -E "s/[[:space:]]+#.*//; s/^[\"']//; s/[\"'[:space:]]*\$//")
fi
case "${setting,,}" in 0 | false | off | no | f | n) exit 0 ;; esac
if bash scripts/download_models.sh --is-there rvm 2>/dev/null; then exit 0; fi
# Earlier versions wrote "fetched" here and did not look for the file.
stamp=.venv/.light-models
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = tried ] && [ -n "$(find "$stamp" -mtime -1)" ]; then
  exit 0
fi
bash scripts/download_models.sh rvm 2>/dev/null
result=$?
# 128 and more: a signal, as Ctrl+C, ended it.
if [ "$result" -ge 128 ]; then exit "$result"; fi
if [ "$result" = 0 ]; then
  rm -f "$stamp"
else
  echo tried >"$stamp"
  echo "Robust Video Matting could not be fetched; going on without it. Later: bash scripts/download_models.sh rvm" >&2
fi
