"""rules/consent.yaml as values: what counts as documented consent.

Read by `evaluate` and `lifecycle`. Not here: the consents themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from crm_sync.program.base import Days, Months, Name, Part, ReferenceType

Some = Annotated[tuple[str, ...], Field(min_length=1)]


class Territory(Part):
    """`everywhere` is the territory that covers every region."""

    everywhere: str


class Audience(Part):
    """`anyone` are the audiences that cover an ordinary request."""

    anyone: Some


class ConsentRules(Part):
    """What a consent must hold to count, for which types, and when its end is announced (days before it)."""

    grant_status: Some
    valid_months: Months
    requires: tuple[str, ...]
    covers: Mapping[Name, Annotated[tuple[ReferenceType, ...], Field(min_length=1)]]
    warnings_days: Annotated[tuple[Days, ...], Field(min_length=1)]
    territory: Territory
    audience: Audience
