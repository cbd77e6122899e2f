#!/usr/bin/env bash
# numba keeps machine code on disk (cache=True) and says that a cache is not used once the source file has changed. It is unpickled before
# that is compared, though. Where a compiled loop takes a NamedTuple of the project (the colours and variances behind a contour, say) and
# that class has been renamed or moved since, the first call of the new code raises AttributeError, or ModuleNotFoundError, until
# somebody deletes the index (*.nbi): after an upgrade a tool fails on the old machine and works on a fresh one. A
# changed loop whose class has kept its name is compiled again, as the documentation says.
# Seen with numba 0.68.1 (IndexDataCacheFile._load_index). Give such loops plain arrays, or remove indexes that can't be unpickled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.2.6
export NUMBA_CACHE_DIR=$folder/cache
# $1 is the class's name, $2 the factor.
write() {
  cat > loops.py <<PYTHON
from typing import NamedTuple

import numba
import numpy as np


class $1(NamedTuple):
    alpha: np.ndarray


@numba.njit(cache=True)
def total(row):
    return row.alpha.sum() * $2


print("numba", numba.__version__, "$1, times $2:", total($1(np.ones(4))))
PYTHON
}
run() { env/bin/python -c 'import loops' 2>&1 | tail -n 1; }
expect() {
  echo "$1"
  case "$1" in *"$2"*) ;; *) echo "not as before"; exit 1 ;; esac
}
write Row 1
expect "$(run)" "times 1: 4.0"
sleep 1.1
write Row 3
expect "$(run)" "times 3: 12.0"
sleep 1.1
write Line 3
expect "$(run)" "AttributeError"
find cache -name '*.nbi' -delete
expect "$(run)" "times 3: 12.0"
