#!/usr/bin/env bash
# For scripts that source it: asked for help, they print the comment at their top and end, before anything is set up.
# With `command` set to one of the program's, its own options are listed too, where the environment is there.
case " $* " in
  *" -h "* | *" --help "*)
    sed -nE '2,/^[^#]/s/^# ?//p' "${BASH_SOURCE[-1]}"
    root="$(dirname "${BASH_SOURCE[0]}")/.."
    if [ -n "${command:-}" ] && [ -x "$root/.venv/bin/python" ]; then
      exec "$root/.venv/bin/python" "$root/app.py" "$command" --help
    fi
    exit 0
    ;;
esac
