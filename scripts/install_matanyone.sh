#!/usr/bin/env bash
# Installs the MatAnyone packages into .venv, at pinned commits, from their own repositories.
# Both are under the S-Lab License 1.0: non-commercial use only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.venv/bin/python
if [ ! -x "$python" ]; then
  echo "There is no .venv yet; run: bash scripts/setup_env.sh --models" >&2
  exit 2
fi

# They are built with hatchling; its newest releases refuse MatAnyone2's file list (1.33 does).
hatchling="hatchling==1.27.0"

# name, repository, commit
packages=(
  "matanyone pq-yang/MatAnyone e5ddc534c1fff9bb9e54cf476095d29071b7cb4f"
  "matanyone2 pq-yang/MatAnyone2 e3370127319c63a6dc8a49c69de2d41d90137f91"
)

# Without git the same commit comes as an archive.
source_of() {
  if command -v git >/dev/null 2>&1; then
    echo "git+https://github.com/$1@$2"
  else
    echo "https://github.com/$1/archive/$2.zip"
  fi
}

pip_install() {
  "$python" -m pip install --quiet --disable-pip-version-check "$@"
}

for package in "${packages[@]}"; do
  read -r name repository commit <<<"$package"
  stamp=".venv/.installed-$name"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$commit" ] &&
    "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$name'))"; then
    continue
  fi
  echo "Installing $name (S-Lab License 1.0, non-commercial use only)"
  pip_install "$hatchling"
  # --no-deps: what they declare can't be installed on current Pythons; requirements-models.txt
  # holds what inference imports.
  if ! pip_install --no-deps --no-build-isolation --force-reinstall \
    "$(source_of "$repository" "$commit")"; then
    echo "Could not fetch $name from github.com/$repository; is the network up? Run this again." >&2
    exit 1
  fi
  echo "$commit" >"$stamp"
done
