"""The share of deals that ask for a reference is that of the highest band a deal reaches."""

from __future__ import annotations

import pytest

from crm_sync.program import Program


@pytest.mark.parametrize(
    ("amount", "share"), [(0, 0.1), (49_999, 0.1), (50_000, 0.25), (249_999, 0.25), (250_000, 0.5), (9e9, 0.5)]
)
def test_a_deal_asks_as_its_band_does(program: Program, amount: float, share: float) -> None:
    assert program.coverage.share(amount) == share
