"""How evenly the load is spread: the Gini coefficient of effort among references. Called by `joint` and the benchmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def gini(load: ArrayLike) -> float:
    """Measure inequality: 0 when all carry the same (or nothing), towards 1 when one carries everything."""
    sorted_load = np.sort(np.asarray(load, dtype=np.float64))
    total = sorted_load.sum()
    if total <= 0:
        return 0.0
    count = len(sorted_load)
    weighted = (np.arange(1, count + 1) * sorted_load).sum()
    return float(2 * weighted / (count * total) - (count + 1) / count)
