"""rules/coverage.yaml as values: what the pipeline will ask for, and who is worth recruiting.

Read by `lifecycle`. Not here: counting demand and supply.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Days, Name, Part, PerType

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=1e12)]


class DealBand(Part):
    """Of deals of at least this amount, the share that asks for a reference."""

    amount: Amount
    share: Share


class Recruiting(Part):
    """How long a list is, and the criteria that somebody may miss, one at a time, and still be worth winning."""

    most: int = Field(ge=1, le=50)
    remediable: tuple[Name, ...]


class CoverageRules(Part):
    """How demand is reckoned from deals, how far ahead, and who closes a gap."""

    months: int = Field(ge=1, le=24)
    needed_days_before_close: Days
    least_probability: float = Field(ge=0, le=100)
    deals: Annotated[tuple[DealBand, ...], Field(min_length=1)]
    references_per_deal: PerType[Annotated[float, Field(ge=0, le=100)]]
    recruit: Recruiting

    @model_validator(mode="after")
    def _amounts_rise(self) -> CoverageRules:
        amounts = [band.amount for band in self.deals]
        if amounts != sorted(set(amounts)) or amounts[0] != 0:
            raise PydanticCustomError("amounts_fall", "amounts rise from 0")
        return self

    def share(self, amount: float) -> float:
        """The share of deals of this amount that ask for a reference."""
        return [band.share for band in self.deals if amount >= band.amount][-1]
