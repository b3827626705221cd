"""Every merge field that a text of rules/templates/ may use: what it stands for, and in which kinds of text.

The closed list that `checks.templates` holds texts to, and of which the table in rules/README.md is made; `lifecycle` fills
them. The prospect is not among them: a reference learns who asks when both sides have agreed, from people. Not here: values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["invitation", "outreach", "briefing", "thank_you", "check_in"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_A_TYPE: frozenset[Kind] = frozenset({"outreach", "briefing", "thank_you"})
"""Kinds of text that are about one kind of reference."""
OF_NONE: Mapping[Kind, str] = {"invitation": "an invitation", "check_in": "a check-in"}
"""The other kinds, as people say it."""


@dataclass(frozen=True)
class MergeField:
    """One field. `several_lines`: it is a list, so it stands in no subject. `kinds` are the texts it may stand in."""

    name: str
    about: str
    kinds: frozenset[Kind] = frozenset(KINDS)
    several_lines: bool = False


_PROMISING: frozenset[Kind] = frozenset({"invitation", "outreach", "briefing"})
_ASKING: frozenset[Kind] = frozenset({"outreach", "briefing"})

MERGE_FIELDS: Mapping[str, MergeField] = {
    field.name: field
    for field in (
        MergeField("contact_first_name", "the customer's first name; the last name where no first name is known"),
        MergeField("contact_name", "the customer's first and last name"),
        MergeField("contact_formal", "the customer's salutation and last name: Dr. Lovelace"),
        MergeField("owner_name", "the colleague who sends it: the account's owner, or who stands in for them"),
        MergeField("program_owner_name", "the program owner, whom the customer may turn to as well"),
        MergeField("program_owner_email", "the program owner's address; left out in a sandbox"),
        MergeField("company", "the customer's company"),
        MergeField("product", "the product that the company uses"),
        MergeField("reply_days", "how soon a concern is answered: 5 business days"),
        MergeField("version", "the name of the text, to be entered with the acknowledgement: briefing_talk.2"),
        MergeField("a_type", "the kind of reference with its article: a reference call", OF_A_TYPE),
        MergeField("type", "the kind of reference: reference call", OF_A_TYPE),
        MergeField("time_commitment", "the customer's time for it, from outreach.yaml: 45 minutes", _ASKING),
        MergeField(
            "how_often", "how often at most: the caps held to for this very person", _PROMISING, several_lines=True
        ),
        MergeField("notice", "the notice this person gets: 5 business days", _ASKING),
        MergeField("answer_days", "how long the customer has to answer: 5 business days", _ASKING),
        MergeField("uses_agreed", "the kinds of reference the person has consented to in writing", _ASKING),
        MergeField("needed_by", "the day the reference is needed by", frozenset({"outreach"})),
        MergeField("topics", "what the person likes to speak about", frozenset({"briefing"}), several_lines=True),
        MergeField("avoid_topics", "what nobody may ask the person", frozenset({"briefing"}), several_lines=True),
        MergeField("used_on", "the day the reference took place", frozenset({"thank_you"})),
    )
}

REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "invitation": ("how_often", "program_owner_name"),
    "outreach": ("a_type", "time_commitment", "how_often", "answer_days"),
    "briefing": (
        "a_type",
        "how_often",
        "notice",
        "topics",
        "avoid_topics",
        "answer_days",
        "program_owner_name",
        "version",
    ),
    "thank_you": (),
    "check_in": (),
}
"""What a text of each kind has to tell the customer."""


def allowed_in(kind: Kind) -> tuple[str, ...]:
    """Name the fields that a text of this kind may use."""
    return tuple(field.name for field in MERGE_FIELDS.values() if kind in field.kinds)
