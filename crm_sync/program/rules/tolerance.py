"""rules/tolerance.yaml as values: how often a customer may be asked.

Read by `evaluate`, `matching`, `lifecycle` and `promise`. Not here: counting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Days, Name, Part, ReferenceType, Sentence

SCALE = 1000
"""Uses and effort are counted in whole thousandths, so that no sum depends on the order of its parts."""

Counted = Literal["reserved", "used", "nothing"]
Same = Literal["audience", "requester", "competitor_set"]
Types = Annotated[tuple[ReferenceType, ...], Field(min_length=1)]


def _or_types(words: str) -> WrapValidator:
    """Tell one mistake where pydantic would tell one per alternative."""

    def check(given: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(given)
        except ValidationError as error:
            raise PydanticCustomError("words_or_types", "a word or reference types", {"words": words}) from error

    return WrapValidator(check)


AllOrTypes = Annotated[Literal["all"] | Types, _or_types("all")]
AllSameOrTypes = Annotated[Literal["all", "same_type"] | Types, _or_types("all, same_type")]


class Cap(Part):
    """At most `limit` uses or effort points within `window_days`, per person or account.

    `counts` are the types that count. `own_limit` is the mapped field (`profile.max_calls_year`) that holds the
    customer's own limit, which wins when it is lower.
    """

    id: Name
    text: Sentence
    per: Literal["person", "account"]
    counts: AllOrTypes
    measure: Literal["uses", "effort"]
    limit: float = Field(ge=0, le=10000)
    window_days: Days
    own_limit: str | None = None

    def counts_type(self, reference_type: str) -> bool:
        """Whether uses of this type count."""
        return self.counts == "all" or reference_type in self.counts

    def most(self, own: float | None) -> int:
        """Give what may be used up within the window, in thousandths: the customer's own limit wins when it is lower."""
        lowest = self.limit if own is None else min(self.limit, own)
        return math.floor(SCALE * lowest + 0.5)


class Cooldown(Part):
    """`days` of rest after a use or a decline.

    `after` are the types that start it; `same_type` rests only the type it happened to. `same` narrows it to
    the same audience segment, requester, or competitive set: other prospects that compete with the one it was for. A
    prospect whose set is not known has no such others.
    """

    id: Name
    text: Sentence
    after: AllSameOrTypes
    event: Literal["used", "declined"]
    days: Days
    same: Same | None = None


class Tolerance(Part):
    """Effort per type (its order is the order of reference types everywhere), caps, cooldowns, and what counts."""

    effort_points: Mapping[Name, Annotated[float, Field(gt=0, le=1000)]] = Field(min_length=1)
    caps: tuple[Cap, ...]
    cooldowns: tuple[Cooldown, ...]
    counts_when: Mapping[Name, Counted]

    def weight(self, cap: Cap, reference_type: str) -> int:
        """Give what one use of this type takes from a cap that counts it, in thousandths: one use, or the type's effort."""
        return round(SCALE * self.effort_points[reference_type]) if cap.measure == "effort" else SCALE
