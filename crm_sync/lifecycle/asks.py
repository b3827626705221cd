"""The life of one ask as a table: (what people noted, whose time is over, today's verdict) -> its phase and its state.

Read by `matches`, `requests`, `activities` and `tasks`; `pages` draws the table. Pure and total: every combination of
facts has exactly one phase. Not here: collecting the facts (`ask_facts`), the fields written (`matches`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Owner = Literal["undecided", "silent", "approved", "left_unasked", "declined"]
Customer = Literal["not_asked", "asked", "silent", "accepted", "declined"]
Use = Literal["none", "scheduled", "completed", "missed", "cancelled"]


@dataclass(frozen=True)
class AskFacts:
    """Everything that decides the phase of one ask.

    `request` is open, on_hold or over. `proposed` says that the assignment has it on the request's slate, `chosen` that it
    is the one recommended. `passes` is the final gate on today's facts, `in_time` that the customer's notice still fits the
    day it is needed by; `overtaken` that another ask of this request has come further.
    """

    request: Literal["open", "on_hold", "over"] = "open"
    owner: Owner = "undecided"
    customer: Customer = "not_asked"
    use: Use = "none"
    proposed: bool = False
    chosen: bool = False
    passes: bool = True
    in_time: bool = True
    overtaken: bool = False

    @property
    def begun(self) -> bool:
        """Whether the owner has agreed or the customer has been drawn in."""
        return self.owner == "approved" or self.customer != "not_asked" or self.use != "none"


@dataclass(frozen=True)
class Phase:
    """One line of the table: where an ask stands, in words, and the state its match row shows."""

    name: str
    holds: Callable[[AskFacts], bool]
    state: Literal["proposed", "superseded", "frozen", "closed"]
    text: str


# The first line that holds gives the phase.
PHASES: tuple[Phase, ...] = (
    Phase("completed", lambda f: f.use == "completed", "closed", "The reference has taken place."),
    Phase("missed", lambda f: f.use == "missed", "closed", "The reference did not take place as agreed."),
    Phase("cancelled", lambda f: f.use == "cancelled", "closed", "Somebody called it off."),
    Phase("declined", lambda f: "declined" in (f.owner, f.customer), "closed", "The owner or the customer said no."),
    Phase("request_over", lambda f: f.request == "over", "closed", "The request was withdrawn or closed."),
    Phase(
        "overtaken",
        lambda f: f.overtaken and f.use == "none" and f.customer != "asked" and f.begun,
        "superseded",
        "It came after its time; another ask of this request has come further.",
    ),
    Phase(
        "unanswered",
        lambda f: f.customer == "silent" and f.use == "none",
        "superseded",
        "The customer's time to answer is over; the next candidate follows.",
    ),
    Phase(
        "left_unasked",
        lambda f: f.owner == "left_unasked" and not f.begun,
        "superseded",
        "The owner agreed, but nobody asked the customer in time; the next candidate follows.",
    ),
    Phase(
        "too_late",
        lambda f: f.begun and f.customer == "not_asked" and f.use == "none" and not f.in_time,
        "superseded",
        "The owner agreed too late for the customer's notice; the request is told the earliest honest date.",
    ),
    Phase(
        "frozen",
        lambda f: f.begun and (f.request == "on_hold" or not f.passes),
        "frozen",
        "A hold, a withdrawal or a rule stands in the way; nothing goes on until it is gone.",
    ),
    Phase("scheduled", lambda f: f.use == "scheduled", "proposed", "The customer has agreed and a day is set."),
    Phase("accepted", lambda f: f.customer == "accepted", "proposed", "The customer has agreed."),
    Phase("asked", lambda f: f.customer == "asked", "proposed", "The customer was asked and has time to answer."),
    Phase("approved", lambda f: f.owner == "approved", "proposed", "The owner has agreed and asks the customer."),
    Phase(
        "passed_over",
        lambda f: f.owner == "silent",
        "superseded",
        "The owner's time to decide is over; the next candidate follows.",
    ),
    Phase("deciding", lambda f: f.chosen, "proposed", "Recommended and held; the account owner decides."),
    Phase("in_line", lambda f: f.proposed, "proposed", "Next in line; nothing is held."),
    Phase("not_proposed", lambda f: True, "superseded", "No longer proposed for this request."),
)

OPEN = frozenset({"frozen", "scheduled", "accepted", "asked", "approved"})
"""Phases in which somebody outside the program has been drawn in and is waiting."""
LAPSED = frozenset({"unanswered", "left_unasked", "passed_over", "too_late"})
"""Phases in which time has ended the ask."""
STANDING = frozenset({"scheduled", "accepted", "asked", "approved"})
"""Phases in which the ask goes on."""


def phase_of(facts: AskFacts) -> Phase:
    """Decide the phase: the first line of PHASES that holds."""
    return next(phase for phase in PHASES if phase.holds(facts))


EVENTS: Mapping[str, tuple[Callable[[AskFacts], bool], Mapping[str, object]]] = {
    "the assignment recommends it": (
        lambda f: not f.begun and f.owner == "undecided",
        {"proposed": True, "chosen": True},
    ),
    "the assignment recommends another": (lambda f: f.chosen and not f.begun, {"chosen": False, "proposed": False}),
    "the owner agrees": (lambda f: f.chosen and f.owner == "undecided", {"owner": "approved"}),
    "the owner says no": (lambda f: f.chosen and f.owner == "undecided", {"owner": "declined"}),
    "the owner stays silent": (lambda f: f.chosen and f.owner == "undecided", {"owner": "silent", "chosen": False}),
    "nobody asks the customer": (
        lambda f: f.owner == "approved" and f.customer == "not_asked" and f.use == "none",
        {"owner": "left_unasked", "chosen": False},
    ),
    "the notice does not fit any more": (
        lambda f: f.owner == "approved" and f.customer == "not_asked" and f.use == "none" and f.in_time,
        {"in_time": False},
    ),
    "the customer is asked": (lambda f: f.owner == "approved" and f.customer == "not_asked", {"customer": "asked"}),
    "the customer says yes": (lambda f: f.customer == "asked", {"customer": "accepted"}),
    "the customer says no": (lambda f: f.customer == "asked", {"customer": "declined"}),
    "the customer stays silent": (lambda f: f.customer == "asked", {"customer": "silent", "chosen": False}),
    "a day is set": (lambda f: f.customer == "accepted" and f.use == "none", {"use": "scheduled"}),
    "it takes place": (lambda f: f.use == "scheduled", {"use": "completed"}),
    "it is missed": (lambda f: f.use == "scheduled", {"use": "missed"}),
    "it is called off": (lambda f: f.use == "scheduled", {"use": "cancelled"}),
    "a rule stands in the way": (lambda f: f.begun and f.passes, {"passes": False}),
    "nothing stands in the way any more": (lambda f: not f.passes, {"passes": True}),
    "the request is put on hold": (lambda f: f.begun and f.request == "open", {"request": "on_hold"}),
    "the request goes on": (lambda f: f.request == "on_hold", {"request": "open"}),
    "the request is withdrawn": (lambda f: f.request != "over", {"request": "over"}),
}
"""What may happen to an ask, when it may, and the facts it changes. The drawing in docs/lifecycle.md is made of these."""
