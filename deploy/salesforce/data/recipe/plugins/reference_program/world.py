"""What the drawing modules share: one seeded source of chance, names by locale, days from the anchor, and who exists.

Built once per recipe run by the plugin. Not here: what a company, a person or a use looks like.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from faker import Faker

from . import words

T = TypeVar("T")
REFERENCE_TYPES = ("Sales Call", "Quote", "Logo", "Recording", "Case Study", "Site Visit")
CSM_COUNT = 14
REP_COUNT = 20


class World:
    """One run's state. The same seed draws the same world."""

    def __init__(self, seed: int, anchor: date) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - sample data, not a secret
        self.anchor = anchor
        self.seed = seed
        self.companies: list[dict[str, Any]] = []
        self.prospects: list[dict[str, Any]] = []
        self.references: list[dict[str, Any]] = []
        self.spoken_languages: set[str] = set()
        self.dealt: dict[str, int] = {}
        self._fakers: dict[str, Faker] = {}
        self._company_names: set[str] = set()
        self._addresses: set[str] = set()

    def pick(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Draw one of the options."""
        return self.chance.choices(options, weights)[0]

    def some(self, options: Sequence[T], at_least: int, at_most: int) -> list[T]:
        """Draw a few different options, in the order they are listed."""
        count = min(len(options), self.chance.randint(at_least, at_most))
        chosen = set(self.chance.sample(range(len(options)), count))
        return [option for index, option in enumerate(options) if index in chosen]

    def happens(self, percent: float) -> bool:
        """Draw a yes in so many of a hundred."""
        return self.chance.random() * 100 < percent

    def between(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return self.chance.randint(low, high)

    def day(self, offset: int) -> str:
        """Write the day so many days after the anchor."""
        return (self.anchor + timedelta(days=offset)).isoformat()

    def deal(self, name: str) -> int:
        """Count up from 0 under this name, to hand things out in turn."""
        self.dealt[name] = self.dealt.get(name, -1) + 1
        return self.dealt[name]

    def csm(self) -> str:
        """Draw an account owner."""
        return f"@user_csm_{self.between(1, CSM_COUNT)}"

    def rep(self) -> str:
        """Draw a sales rep."""
        return f"@user_rep_{self.between(1, REP_COUNT)}"

    def place(self) -> words.Place:
        """Draw a country."""
        return self.pick(words.PLACES, [place.weight for place in words.PLACES])

    def company_name(self, industry: str) -> str:
        """Draw a company name that nobody has yet."""
        for _ in range(400):
            name = f"{self.pick(words.PROPER)} {self.pick(words.INDUSTRIES[industry])}"
            if name not in self._company_names:
                break
        else:
            name = f"{self.pick(words.PROPER)} & {self.pick(words.PROPER)} {self.pick(words.INDUSTRIES[industry])}"
        self._company_names.add(name)
        return name

    def person_name(self, locale: str) -> tuple[str, str, str]:
        """Draw a first name, a last name, and the mailbox name made of them."""
        faker = self._fakers.get(locale)
        if faker is None:
            faker = self._fakers[locale] = Faker(locale)
            faker.seed_instance(f"{self.seed}-{locale}")
        if locale == "ja_JP":
            first, last = faker.first_romanized_name(), faker.last_romanized_name()
        else:
            first, last = faker.first_name(), faker.last_name()
        return first, last, f"{_plain(first)}.{_plain(last)}"

    def address(self, mailbox: str, company: str) -> str:
        """Make an e-mail address at the company that no other contact has."""
        domain = f"{_plain(company).replace('.', '-')}.example"
        address, number = f"{mailbox}@{domain}", 1
        while address in self._addresses:
            number += 1
            address = f"{mailbox}{number}@{domain}"
        self._addresses.add(address)
        return address


def _plain(text: str) -> str:
    """Lower-case ASCII letters and digits, words joined by dots."""
    replaced = text.replace("ß", "ss").replace("ø", "o").replace("&", "and")
    ascii_only = unicodedata.normalize("NFKD", replaced).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", ascii_only)) or "x"
