"""The benchmark of deciding fails on a missed goal at full size, and holds none at smaller ones."""

from __future__ import annotations

import pytest

from bench.decide import FULL, wrong


@pytest.mark.parametrize(
    ("contacts", "seconds", "megabytes", "equal", "said"),
    [
        (FULL, 1.99, 1023.0, True, []),
        (FULL, 2.0, 1023.0, True, ["goal of time"]),
        (FULL, 1.99, 1024.0, True, ["goal of memory"]),
        (FULL, 9.0, 9000.0, False, ["answers differ", "goal of time", "goal of memory"]),
        (1000, 9.0, 9000.0, True, []),
        (1000, 0.1, 100.0, False, ["answers differ"]),
    ],
)
def test_what_was_missed_is_said(contacts: int, seconds: float, megabytes: float, equal: bool, said: list[str]) -> None:
    told = list(wrong(contacts, seconds, megabytes, equal=equal))
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))
