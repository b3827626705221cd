"""rules/outreach.yaml as values: what an ask costs the customer, and the words in which texts say what the worker knows.

Read by `lifecycle` when it writes drafts. Not here: the texts themselves (`templates`), which are versioned and approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Part, PerType

Phrase = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Minutes = Annotated[int, Field(ge=1, le=10_000)]
HOUR, MONTHS = 60, 12


def _twelve(months: tuple[str, ...]) -> tuple[str, ...]:
    if len(months) != MONTHS:
        raise PydanticCustomError("months", "twelve months", {"given": len(months)})
    return months


class Counted(Part):
    """A thing for one and for several: `reference call`, `reference calls`."""

    one: Phrase
    many: Phrase

    def of(self, number: int) -> str:
        """Give the word that fits a number."""
        return self.one if number == 1 else self.many


class Noun(Counted):
    """A kind of reference in a customer's words; `a` is one of them with its article: `a reference call`."""

    a: Phrase


class Nothing(Part):
    """What is said where the records say nothing."""

    product: Phrase
    topics: Phrase
    avoid_topics: Phrase
    uses_agreed: Phrase
    needed_by: Phrase


class Words(Part):
    """How one language says what the worker knows; `{{number}}`, `{{what}}` and so on stand for it.

    `limit` and `company_limit` are the promise: how often at most one person, or everybody at the company, is asked.
    """

    types: PerType[Noun]
    any_kind: Counted
    either: Phrase
    limit: Phrase
    company_limit: Phrase
    minutes: Counted
    hours: Counted
    business_days: Counted
    date: Phrase
    months: Annotated[tuple[Phrase, ...], AfterValidator(_twelve)]
    nothing: Nothing


class Outreach(Part):
    """The customer's time for each kind of reference, preparation included, and the words of each language.

    The first language is the one for people of whom no language is known that there is a text in.
    """

    minutes: PerType[Minutes]
    languages: Annotated[Mapping[str, Words], Field(min_length=1)]
