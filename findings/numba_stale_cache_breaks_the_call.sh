#!/usr/bin/env bash
# Expected: numba's disk cache (`njit(cache=True)`) is ignored once the source has changed, as its documentation says: "the
# cache is invalidated when the source file is changed".
# Seen in numba 0.62.1: the index is unpickled before its stamp is compared with the source's. Where a compiled function took
# a NamedTuple of the project's own, and that class was renamed or moved since, every call raises AttributeError or
# ModuleNotFoundError until the index (*.nbi) is deleted by hand: a matting tool fails after an upgrade, and a fresh copy of
# the same code works. Source: numba/core/caching.py, IndexDataCacheFile._load_index. What helps: pass plain arrays, or remove
# indexes that can't be unpickled.
set -euo pipefail
