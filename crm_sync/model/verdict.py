"""A verdict and its reasons, as the account owner reads them.

Made by `evaluate` on demand for what is shown or written; the whole population stays in columns
(`evaluate.verdicts.Verdicts`). Not here: how a criterion is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Truth = Literal["true", "false", "unknown"]
Weight = Literal["hard", "caution", "scored"]
Standing = Literal["eligible", "blocked", "unknown"]


@dataclass(frozen=True)
class Source:
    """The record and field a value came from, in the org's own names, so a person can click through."""

    object_name: str
    record_id: str | None
    field_name: str


@dataclass(frozen=True)
class Reason:
    """One criterion's answer for one person and reference type.

    `remedy` says what would change it, `free_on` the first day it would pass by itself where there is one.
    """

    rule_id: str
    rule_version: str
    text: str
    truth: Truth
    weight: Weight
    value: str | None
    threshold: str | None
    source: Source | None
    remedy: str
    free_on: date | None = None

    @property
    def blocks(self) -> bool:
        """Whether this alone keeps the person from being asked: a hard criterion that is not true."""
        return self.weight == "hard" and self.truth != "true"


@dataclass(frozen=True)
class Verdict:
    """May this person be asked for this type of reference, and why."""

    contact_id: str
    account_id: str | None
    reference_type: str
    standing: Standing
    reasons: tuple[Reason, ...]
    free_on: date | None = None
