"""Chance that depends on the seed and on the question alone: asked again, or in another world, it falls the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
SIDES = 2**64


@dataclass(frozen=True)
class Dice:
    """One world's chance."""

    seed: int

    def roll(self, *question: object) -> float:
        """A number from 0 up to 1."""
        text = "|".join(str(part) for part in (self.seed, *question))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / SIDES

    def happens(self, share: float, *question: object) -> bool:
        """Whether something that happens to this share happens here."""
        return self.roll(*question) < share

    def between(self, low: int, high: int, *question: object) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.roll(*question) * (high - low + 1))

    def pick(self, options: Sequence[T], *question: object) -> T:
        """One of several, each as likely."""
        return options[int(self.roll(*question) * len(options))]

    def weigh(self, shares: Mapping[T, float], *question: object) -> T:
        """One of several, by their shares."""
        left = self.roll(*question) * sum(shares.values())
        for option, share in shares.items():
            left -= share
            if left < 0:
                return option
        return next(reversed(list(shares)))

    def count(self, mean: float, *question: object) -> int:
        """How often something happens that happens `mean` times, independently (Poisson)."""
        left, chance, number = self.roll(*question), 2.718281828459045**-mean, 0
        while left >= chance and number < 50:
            left -= chance
            number += 1
            chance *= mean / number
        return number
