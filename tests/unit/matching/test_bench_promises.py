"""The assignment benchmark says which of its promises a measurement did not keep."""

from __future__ import annotations

import pytest

from bench.assign import FULL_SIZE, broken

KEPT = {"gap": 0, "cpu": 9.9, "peak_mb": 990.0}


@pytest.mark.parametrize(
    ("case", "measured", "told"),
    [
        (FULL_SIZE, {}, []),
        ("100x2k", {"gap": 3}, ["gap"]),
        ("100x2k", {"gap": None}, ["gap"]),
        ("100x2k", {"cpu": 99.0, "peak_mb": 9_000.0}, []),
        (FULL_SIZE, {"cpu": 10.1}, ["10.1 s"]),
        (FULL_SIZE, {"peak_mb": 1_001.0}, ["1001 MB"]),
        (FULL_SIZE, {"gap": 1, "cpu": 11.0, "peak_mb": 1_500.0}, ["gap", "11.0 s", "1500 MB"]),
    ],
)
def test_a_promise_that_is_not_kept_is_told(case: str, measured: dict[str, float], told: list[str]) -> None:
    found = list(broken(case, {**KEPT, **measured}))
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))
