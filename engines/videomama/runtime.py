"""What all stages of one job share; holds no result of its own."""

from __future__ import annotations

from dataclasses import dataclass

from engines.videomama.batch_size import BatchLimits
from engines.videomama.cache import WorkCache
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.networks import Networks


@dataclass(frozen=True, slots=True)
class JobRuntime:
    """The networks, how calls to them are retried, the cache and the current batch limits."""

    networks: Networks
    guarded: GuardedCalls
    cache: WorkCache
    limits: BatchLimits
