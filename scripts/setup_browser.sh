#!/usr/bin/env bash
# Gets what the page's tests need, where it is missing: Chromium, Chinese fonts, axe-core.
# Where one can't be had, its tests skip and say so.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

have_browser() {
  local name
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  return 1
}

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
install() { DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; }

if command -v apt-get >/dev/null 2>&1; then
  have_browser || $sudo apt-get update -qq >/dev/null 2>&1
  # Chromium without windows of its own, where the distribution has it: tests of the page take three fifths of the time.
  if ! command -v chromium-headless-shell >/dev/null 2>&1 && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
    echo "Installing Chromium"
    install chromium-headless-shell || true
  fi
  if ! have_browser; then
    echo "Installing Chromium"
    install chromium || echo "Chromium could not be installed: the browser tests will skip." >&2
  fi
  fc-list :lang=zh 2>/dev/null | grep -q . || install fonts-noto-cjk || true
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
