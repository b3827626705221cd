"""Killed between any two writes and run again: the org ends as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import requests

from crm_sync.pipeline import World, carry_out, look
from crm_sync.ports import RowAnswer, RowWrite
from crm_sync.pull import pull


class KilledError(BaseException):
    """The process ends here; nothing may catch it."""


class Mortal:
    """An org whose user is killed just before its n-th write call."""

    def __init__(self, org: Any, lives: int) -> None:
        self._org = org
        self._lives = lives
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)

    def upsert(self, rows: Sequence[RowWrite], **more: Any) -> Sequence[RowAnswer]:
        if self.writes == self._lives:
            raise KilledError
        self.writes += 1
        answers: Sequence[RowAnswer] = self._org.upsert(rows, **more)
        return answers


def state(world: World, contents: Any) -> Any:
    return contents(pull(world.org, world.mirror, world.program, world.org.server_time()))


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.all_faults)], ids=["some", "every"])
def test_killed_before_a_write_and_run_again(places: Any, contents: Any, every: bool) -> None:
    """Before the middle and the last write; before every one in `make test-faults`."""
    with places() as place:
        decision = look(place.world, place.world.org.server_time())
        undisturbed = Mortal(place.world.org, lives=10_000)
        carry_out(_with(place.world, undisturbed), decision, kind="full")
        expected, writes = state(place.world, contents), undisturbed.writes
    assert writes > 5
    for lives in range(writes) if every else (writes // 2, writes - 1):
        with places() as place:  # an equal copy of the org, so the same decision fits it
            with pytest.raises(KilledError):
                carry_out(_with(place.world, Mortal(place.world.org, lives)), decision, kind="full")
            _let_the_lease_run_out(place)
            again = look(place.world, place.world.org.server_time())
            carry_out(place.world, again, kind="full")
            assert state(place.world, contents) == expected, f"killed before write {lives}"


def _with(world: World, org: Any) -> World:
    return replace(world, org=org)


def _let_the_lease_run_out(place: Any) -> None:
    answer = requests.post(f"{place.org.base_url}/_control/clock", json={"advance": 600}, timeout=10)
    assert answer.ok
