"""Duties -> Tasks: one for each duty, never two for the same thing, completed when the fact behind it has changed.

Called by `lifecycle.desired`. Not here: what the duties are (`ask_duties`, `invitations`, `briefings`, `care_duties`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.lifecycle.ask_duties import ask_duties
from crm_sync.lifecycle.briefings import briefings
from crm_sync.lifecycle.care_duties import care_duties
from crm_sync.lifecycle.drafts import written
from crm_sync.lifecycle.duties import Duty
from crm_sync.lifecycle.invitations import invitations
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.records import Desired, Value


def desired_tasks(world: World) -> Iterator[Desired]:
    """Open a task for every duty, let those of paused duties wait, and complete the tasks whose duty is gone."""
    due = {duty.key: duty for duty in duties(world)}
    held = world.task_of
    for key in sorted(due.keys() | held.keys()):
        duty, row = due.get(key), held.get(key)
        if row is None and duty is not None and not duty.paused:
            yield Desired("task", {}, key=key, on_create=_first(world, duty), why=duty.subject)
        elif row is not None and not row.get("closed"):
            yield from _kept(duty, row)


def _kept(duty: Duty | None, row: Row) -> Iterator[Desired]:
    """What becomes of an open task: completed, put off, or taken up again."""
    if duty is None:
        yield Desired("task", {"status": "completed"}, key=row["key"], why="the fact behind it has changed")
    elif duty.paused:
        yield Desired("task", {"status": "deferred"}, key=row["key"], why="it has to wait")
    elif row.get("status") == "deferred":
        yield Desired("task", {"status": "not_started"}, key=row["key"], why="it may go on")


def _first(world: World, duty: Duty) -> dict[str, Value]:
    return {
        "key": duty.key,
        "subject": duty.subject[:255],
        "owner": duty.owner or world.nobodys_queue,
        "due_on": duty.due_on,
        "who": duty.who,
        "what": duty.what,
        "status": "not_started",
        "description": written(world, duty.letter) if duty.letter else duty.description,
    }


def duties(world: World) -> Iterator[Duty]:
    """Everything that somebody has to do today or soon; about whoever asked to be forgotten, nothing."""
    every = (*ask_duties(world), *invitations(world), *briefings(world), *care_duties(world))
    yield from (duty for duty in every if duty.who not in world.to_forget)
