"""The Snowfakery plugin of the sample data: gives the recipe lists of drawn companies, people and uses to go through.

The recipe says which records there are and which field holds what; this says what is drawn. One seed, one world.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from typing import Any

from snowfakery.plugins import PluginResult, PluginResultIterator, SnowfakeryPlugin

from . import accounts, demand, references, staff
from .world import World

PYTHON_WORDS = ("None", "True", "False")
CONTACTS = {"prospect": (1, 5), "reference": (3, 7), "customer": (4, 7)}
OPPORTUNITIES = {"prospect": (1, 2), "reference": (0, 1), "customer": (0, 1)}
CASES = {"reference": (0, 2), "customer": (0, 2), "prospect": (0, 0)}


class Drawn(PluginResult):
    """One drawn thing; the recipe reads its parts by name."""

    def __init__(self, parts: dict[str, Any]) -> None:
        super().__init__({})
        self.parts = parts

    def __getattr__(self, name: str) -> Any:
        """Read one part by name; Snowfakery probes for methods that are not there."""
        try:
            return _kept_as_text(self.__dict__["parts"][name])
        except KeyError:
            raise AttributeError(name) from None


def _kept_as_text(value: Any) -> Any:
    """Quote a text that reads as a Python literal: Snowfakery would make None of `None` and a number of `1.0`."""
    if not isinstance(value, str) or (value[:1].isalpha() and value not in PYTHON_WORDS):
        return value
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return repr(value)


class Rows(PluginResultIterator):
    """A list of drawn things for `for_each`."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        super().__init__(repeat=False)
        self.rows = rows

    def next_result(self) -> Drawn:
        """Give the next drawn thing."""
        return Drawn(next(self.rows))


class Program(SnowfakeryPlugin):
    """`Program.*` in the recipe."""

    class Functions:
        """What the recipe may call, `begin` first."""

        world: World

        def begin(self, seed: int, anchor: str) -> None:
            """Start a new world."""
            self.world = World(int(seed), date.fromisoformat(str(anchor)))

        def day(self, offset: int) -> str:
            """The day so many days after the anchor."""
            return self.world.day(offset)

        def staff(self) -> Rows:
            """Our own people."""
            return Rows(iter(staff.everybody(self.world)))

        def companies(self, kind: str, count: int) -> Rows:
            """Companies of one kind."""
            return Rows(accounts.company(self.world, kind) for _ in range(count))

        def named(self, thing: Drawn, ref: str) -> str:
            """Remember the reference id of a thing for others to point at, and give it back."""
            thing.parts["ref"] = f"@{ref}"
            return ref

        def people(self, company: Drawn) -> Rows:
            """The contacts of one company."""
            low, high = CONTACTS[company.parts["kind"]]
            count = self.world.between(low, high)
            company.parts["stars"] = self.world.pick((1, 2, 3), (46, 42, 12))
            return Rows(accounts.person(self.world, company.parts, position) for position in range(count))

        def individual(self, person: Drawn) -> Rows:
            """The individual behind a contact: none or one."""
            return Rows(iter([person.parts] if person.parts["individual"] else []))

        def profile(self, company: Drawn, person: Drawn) -> Rows:
            """The profile of a contact: none or one."""
            drawn = [references.profile(self.world, company.parts, person.parts)] if person.parts["star"] else []
            return Rows(iter(drawn))

        def consents(self, profile: Drawn) -> Rows:
            """The consents of one profile."""
            return Rows(iter(references.consents(self.world, profile.parts)))

        def past_requests(self, profile: Drawn) -> Rows:
            """The requests behind the late uses of one profile. Draws the uses: ask for these first."""
            profile.parts["uses"] = references.uses(self.world, profile.parts)
            late = (use for use in profile.parts["uses"] if use["request"])
            return Rows(references.request_behind(self.world, use) for use in late)

        def uses(self, profile: Drawn) -> Rows:
            """The uses of one profile."""
            return Rows(iter(profile.parts["uses"]))

        def touches(self, profile: Drawn, meeting: bool) -> Rows:
            """The tasks, or the meetings, of one profile. Drawn once: ask for the tasks first."""
            if not meeting:
                profile.parts["touches"] = references.touches(self.world, profile.parts)
            return Rows(touch for touch in profile.parts["touches"] if touch["meeting"] == meeting)

        def assets(self, profile: Drawn) -> Rows:
            """The published material of one profile."""
            return Rows(iter(references.assets(self.world, profile.parts)))

        def opportunities(self, company: Drawn) -> Rows:
            """The opportunities of one company."""
            count = self.world.between(*OPPORTUNITIES[company.parts["kind"]])
            return Rows(accounts.opportunity(self.world, company.parts) for _ in range(count))

        def requests(self, company: Drawn, opportunity: Drawn) -> Rows:
            """The requests behind one opportunity."""
            return Rows(iter(demand.requests(self.world, company.parts, opportunity.parts)))

        def cases(self, company: Drawn) -> Rows:
            """The support cases of one company."""
            count = self.world.between(*CASES[company.parts["kind"]])
            return Rows(accounts.case(self.world, company.parts) for _ in range(count))
