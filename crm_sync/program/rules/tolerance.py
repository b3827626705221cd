"""rules/tolerance.yaml as values: how often a customer may be asked.

Read by `evaluate`, `matching`, `lifecycle` and `promise`. Not here: counting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, LiteralString

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Days, Name, Part, ReferenceType, Sentence

SCALE = 1000
"""Uses and effort are counted in whole thousandths, so that no sum depends on the order of its parts."""

Counted = Literal["reserved", "used", "nothing"]
Same = Literal["audience", "requester", "competitor_set"]
Types = Annotated[tuple[ReferenceType, ...], Field(min_length=1)]


KEPT_IN: Mapping[str, tuple[str, ...]] = {"person": ("profile", "account"), "account": ("account",)}
"""The mappings that may keep a customer's own limit under a cap, by whom the cap is for."""


def _either(kind: LiteralString, **context: str) -> WrapValidator:
    """Tell one mistake where pydantic would tell one per alternative."""

    def check(given: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(given)
        except ValidationError as error:
            raise PydanticCustomError(kind, "one of the alternatives", context) from error

    return WrapValidator(check)


AllOrTypes = Annotated[Literal["all"] | Types, _either("words_or_types", words="all")]
AllSameOrTypes = Annotated[Literal["all", "same_type"] | Types, _either("words_or_types", words="all, same_type")]
Fields = Annotated[str | Annotated[tuple[str, ...], Field(min_length=1)], _either("field_or_fields")]


class Cap(Part):
    """At most `limit` uses or effort points within `window_days`, per person or account.

    `counts` are the types that count. `own_limit` is the mapped field (`profile.max_calls_year`), or a list of them, that
    holds the customer's own limit; the lowest wins. A cap per person may have limits of the profile and of the account.
    """

    id: Name
    text: Sentence
    per: Literal["person", "account"]
    counts: AllOrTypes
    measure: Literal["uses", "effort"]
    limit: float = Field(ge=0, le=10000)
    window_days: Days
    own_limit: Fields | None = None

    @property
    def own_limits(self) -> tuple[str, ...]:
        """The fields that hold an own limit, none, one or several."""
        named = () if self.own_limit is None else self.own_limit
        return (named,) if isinstance(named, str) else named

    def own_fields(self, mapping: str) -> tuple[str, ...]:
        """Name the fields of one mapping that hold an own limit under this cap."""
        pairs = (name.split(".", 1) for name in self.own_limits)
        return tuple(field for kept_in, field in pairs if kept_in == mapping and mapping in KEPT_IN[self.per])

    @property
    def needs_account(self) -> bool:
        """Whether nothing can be said of it for somebody whose account is not known."""
        return self.per == "account" or bool(self.own_fields("account"))

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
