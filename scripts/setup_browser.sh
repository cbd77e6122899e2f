#!/usr/bin/env bash
# Gets what the page's tests need, where it is missing: Chromium, Chinese fonts, axe-core.
# Where one can't be had, its tests skip and say so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

have_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }

if ! have_browser && command -v apt-get >/dev/null 2>&1; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo -n"
  echo "Installing Chromium"
  { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium fonts-noto-cjk; } \
    >/dev/null 2>&1 || echo "Chromium could not be installed: the browser tests will skip." >&2
fi

if [ -f tests/ui/package.json ] && [ ! -d tests/ui/node_modules/axe-core ]; then
  if command -v npm >/dev/null 2>&1; then
    (cd tests/ui && npm ci --no-audit --no-fund --silent >/dev/null 2>&1) \
      || echo "axe-core could not be installed: the accessibility test will skip." >&2
  else
    echo "npm is missing: the accessibility test will skip." >&2
  fi
fi
exit 0
