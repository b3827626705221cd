"""rules/matching.yaml as values: points of fit, the price of load, and the clocks of a request.

Read by `matching` and `lifecycle`. Not here: scoring.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import BusinessDays, Part, Points

Employees = Annotated[int, Field(ge=0, le=10_000_000)]


class Weights(Part):
    """Points of fit; they sum to 100."""

    industry: Points
    use_case: Points
    size: Points
    product: Points
    geography: Points
    language: Points
    strength: Points

    @model_validator(mode="after")
    def _sum_to_100(self) -> Weights:
        total = sum(self.model_dump().values())
        if abs(total - 100) > 1e-6:
            raise PydanticCustomError("weights_sum", "weights sum to 100", {"total": f"{total:g}"})
        return self


class LoadPrice(Part):
    """Points taken from a reference's 1st, 2nd, and 3rd or later recent or reserved use, never falling; and for effort.

    `effort_point` is taken for each effort point of a year, up to 100 points in all.
    """

    first: Points
    second: Points
    third: Points
    effort_point: Points

    @model_validator(mode="after")
    def _rising(self) -> LoadPrice:
        if not self.first <= self.second <= self.third:
            raise PydanticCustomError("load_price_falls", "load price never falls")
        return self


class CompanySize(Part):
    """From how many employees on a company has this size."""

    small: Employees
    medium: Employees
    large: Employees
    enterprise: Employees

    @model_validator(mode="after")
    def _rising(self) -> CompanySize:
        if not self.small < self.medium < self.large < self.enterprise:
            raise PydanticCustomError("sizes_fall", "sizes rise")
        return self


class Competitors(Part):
    """What happens when it is not known whether the prospect competes with the reference's company."""

    unknown: Literal["review", "refuse"]


class ServiceLevels(Part):
    """Business days for each step of a request."""

    match: BusinessDays
    owner_answer: BusinessDays
    customer_answer: BusinessDays
    thank_you: BusinessDays
    concern_reply: BusinessDays


class MatchingRules(Part):
    """How a request is matched."""

    weights: Weights
    load_price: LoadPrice
    slate_size: int = Field(ge=1, le=20)
    minimum_score: Points
    reserve_business_days: BusinessDays
    company_size: CompanySize
    competitors: Competitors
    service_levels_business_days: ServiceLevels
