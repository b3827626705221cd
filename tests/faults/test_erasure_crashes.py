"""A worker that dies at any step of an erasure: the next one that opens the files finishes it before anything else."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_sync.audit import Recalled, intact, redactions, runs
from crm_sync.erasure import Stores, forget
from crm_sync.lifecycle.forgetting import identifiers
from crm_sync.program import Program
from tests import small_stores as town

PARTS = ("suppression", "dispositions", "decisions")
STEPS = frozenset({"add", "note", "screen", "put", "redact", "discard", "note_screened"})
"""The calls that change something."""
ALIKE = 2
"""So many calls of one step are told apart; the third piece is redacted as the second was."""
MOST = 30


class Killed(BaseException):
    """The process is gone."""


class Life:
    """How many more steps a process lives for."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.taken: Counter[str] = Counter()

    def spend(self, step: str) -> None:
        """Die, or live on."""
        self.taken[step] += 1
        if self.taken[step] > ALIKE:
            return
        if self.steps == 0:
            raise Killed
        self.steps -= 1


class Mortal:
    """A store of a process that dies before one of its steps."""

    def __init__(self, real: Any, life: Life) -> None:
        self._real = real
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name in PARTS:
            return Mortal(found, self._life)
        if name not in STEPS:
            return found

        def step(*given: Any, **more: Any) -> Any:
            self._life.spend(f"{type(self._real).__name__}.{name}")
            return found(*given, **more)

        return step


def mortal(stores: Stores, life: Life) -> Stores:
    return replace(
        stores, **{name: Mortal(getattr(stores, name), life) for name in ("journal", "mirror", "archive", "papers")}
    )


def test_an_erasure_that_was_interrupted_anywhere_is_finished_by_the_next_opening(
    tmp_path: Path, program: Program, snapshot_of: Any
) -> None:
    made = town.judged(snapshot_of(**town.rows()), program)
    snapshot = made.snapshot
    people = frozenset({town.ANN, town.TWIN})
    filled = tmp_path / "filled"
    with town.open_stores(filled) as stores:
        town.fill(stores, filled, made, program)
    everything = town.found(filled)
    for steps in range(MOST):
        folder = Path(shutil.copytree(filled, tmp_path / f"{steps}"))
        died = _forget(folder, snapshot, people, Life(steps))
        _finish(folder)
        assert town.found(folder) == (everything if steps == 0 else set()), f"died before step {steps}"
        shutil.rmtree(folder)
        if not died:
            break
    assert 8 < steps < MOST - 1


def _forget(folder: Path, snapshot: Any, people: frozenset[str], life: Life) -> bool:
    """Forget; returns whether the process died of it."""
    with town.open_stores(folder) as stores:
        try:
            forget(mortal(stores, life), snapshot, people, identifiers(snapshot, people), "a test")
        except Killed:
            return True
    return False


def _finish(folder: Path) -> None:
    """What every opening does first; everything is whole afterwards, and a second time there is nothing to do."""
    with town.open_stores(folder) as stores:
        stores.screen()
        assert not any(stores.screen().values())
        log = stores.journal.decisions
        assert log.verify() > 0
        assert stores.journal.dispositions.verify() >= 0
        listed = redactions(stores.journal.dispositions, stores.archive)
        assert all(intact(Recalled(run, stores.archive), listed) for run in runs(log))
