"""Texts come, change and are retired while colleagues work: run by run, nobody has two letters to send, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_sync.lifecycle.briefings import briefings
from crm_sync.lifecycle.matches import desired_matches
from crm_sync.lifecycle.tasks import desired_tasks
from crm_sync.lifecycle.world import World
from crm_sync.model.drafts import Draft
from crm_sync.model.verdicts import RuleRef
from crm_sync.program import Program, Template
from tests.unit.lifecycle.letters import TODAY, TYPES, shipped, town, under, with_texts

Letters = tuple[str, ...]
"""The open tasks of one kind: the text of each, `none` where there is no draft, and what it waits for."""
RULES = tuple(RuleRef(name, "v", "hard", TYPES) for name in ("briefed", "no_dispute"))


@dataclass
class Office:
    """Records that a run writes and people change. `subject` is how the tasks looked at begin."""

    world_of: Any
    program: Program
    subject: str
    texts: dict[str, Template] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    day: int = 0

    def world(self) -> World:
        more = {"task": [{k: v for k, v in task.items() if k != "text"} for task in self.tasks.values()]}
        as_of = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(days=self.day)
        made = town(self.world_of, more=more, as_of=as_of, **self.changes)
        object.__setattr__(made.verdicts, "rules", RULES)
        return under(made, with_texts(self.program, *self.texts.values()))

    def run(self) -> Letters:
        """One run, and a second one that must find nothing to do; returns the letters that are open after it."""
        self._write(self.world())
        again = self.world()
        assert not [t for t in desired_tasks(again) if _changes(t, self.tasks)]
        assert {m.fields.get("outreach_text") for m in desired_matches(again) if "outreach_text" in m.fields} <= {
            self.changes.get("match", {}).get("outreach_text")
        }
        return tuple(
            f"{task['text']}{' waits' if task['status'] == 'deferred' else ''}"
            for task in self.tasks.values()
            if not task["closed"] and task["subject"].startswith(self.subject)
        )

    def crash(self, tasks: int) -> None:
        """One run that ends after the match and so many tasks were written."""
        self._write(self.world(), tasks)

    def _write(self, world: World, most: int | None = None) -> None:
        wanted_tasks = list(desired_tasks(world))[:most]
        for match in desired_matches(world):
            if "outreach_text" in match.fields:
                self.changes.setdefault("match", {})["outreach_text"] = match.fields["outreach_text"]
        for wanted in wanted_tasks:
            assert wanted.key is not None
            if wanted.on_create:
                said = wanted.on_create["description"]
                text = str(said).rpartition("Written from ")[2].split()[0] if isinstance(said, Draft) else "none"
                first = {name: str(wanted.on_create[name]) for name in ("subject", "what")}
                first |= {"status": "not_started", "text": text}
                self.tasks[wanted.key] = {
                    "id": f"00T{len(self.tasks):012}AAA",
                    "key": wanted.key,
                    "closed": False,
                    **first,
                }
            else:
                self.tasks[wanted.key]["status"] = wanted.fields["status"]
                self.tasks[wanted.key]["closed"] = wanted.fields["status"] == "completed"

    def close(self) -> None:
        """A colleague closes every open task."""
        for task in self.tasks.values():
            task["closed"] = True


def _changes(wanted: Any, tasks: Mapping[str, Any]) -> bool:
    return wanted.key not in tasks or wanted.fields.get("status") != tasks[wanted.key]["status"]


def text(program: Program, name: str, version: int, **changes: Any) -> Template:
    given = {"version": version, "effective_from": TODAY - timedelta(days=9 - version)}
    return shipped(program, f"{name}.1", **(given | changes))


Step = Callable[[Office, Any], None]


def add(version: int, **changes: Any) -> Step:
    def step(office: Office, name: str) -> None:
        office.texts[str(version)] = text(office.program, name, version, **changes)

    return step


def retire(version: int) -> Step:
    def step(office: Office, _: str) -> None:
        day = TODAY + timedelta(days=office.day)
        office.texts[str(version)] = office.texts[str(version)].model_copy(update={"retired_on": day})

    return step


def nothing(office: Office, _: str) -> None:
    assert not office.texts


def close(office: Office, _: str) -> None:
    office.close()


def wait(office: Office, name: str) -> None:
    """A rule comes in the way."""
    office.changes.setdefault("held", {})["failed"] = 2
    office.changes.setdefault("judged", {})["failed_call"] = 2 if name == "outreach_talk" else 3


def go_on(office: Office, name: str) -> None:
    office.changes["held"]["failed"] = 0
    office.changes["judged"]["failed_call"] = 0 if name == "outreach_talk" else 1


STORIES: list[tuple[str, list[tuple[Step, Letters]]]] = [
    ("a later version", [(add(1), ("1",)), (add(2), ("1",)), (retire(1), ("2",))]),
    ("no text at first", [(nothing, ("none",)), (add(1), ("1",)), (add(2), ("1",))]),
    (
        "retired without another",
        [(add(1), ("1",)), (retire(1), ("none",)), (add(2), ("2",)), (retire(2), ()), (add(3), ("3",))],
    ),
    (
        "two retired in turn",
        [(add(1), ("1",)), (add(2), ("1",)), (retire(1), ("2",)), (add(3), ("2",)), (retire(2), ("3",))],
    ),
    ("closed by a colleague", [(add(1), ("1",)), (close, ()), (add(2), ()), (retire(1), ()), (retire(2), ())]),
    (
        "closed after another took its place",
        [(add(1), ("1",)), (add(2), ("1",)), (retire(1), ("2",)), (close, ()), (add(3), ())],
    ),
    ("waits", [(add(1), ("1",)), (wait, ("1 waits",)), (add(2), ("1 waits",)), (go_on, ("1",))]),
]
OUTREACH_WAITS = [(add(1), ("1",)), (wait, ("1 waits",)), (add(2), ("1 waits",)), (retire(1), ()), (go_on, ("2",))]
BRIEFING_WAITS = [
    (add(1), ("1",)),
    (wait, ("1 waits",)),
    (add(2), ("1 waits",)),
    (retire(1), ("1 waits",)),
    (go_on, ("2",)),
]


def tell(office: Office, name: str, story: list[tuple[Step, Letters]]) -> None:
    for number, (step, letters) in enumerate(story):
        step(office, name)
        named = tuple(f"{name}.{letter}" if letter[0].isdigit() else letter for letter in letters)
        assert office.run() == named, f"step {number} of {office.subject}"


@pytest.mark.parametrize(("what", "story"), [*STORIES, ("waits while it is retired", OUTREACH_WAITS)])
def test_outreach(world_of: Any, program: Program, what: str, story: list[tuple[Step, Letters]]) -> None:
    tell(Office(world_of, program, "Ask this customer"), "outreach_talk", story)


@pytest.mark.parametrize(("what", "story"), [*STORIES, ("waits while it is retired", BRIEFING_WAITS)])
def test_briefings(world_of: Any, program: Program, what: str, story: list[tuple[Step, Letters]]) -> None:
    office = Office(world_of, program, "Brief this reference")
    office.changes = {"match": {"owner_decision": "declined"}, "judged": {"failed_call": 1}}
    tell(office, "briefing_talk", story)


def test_a_briefing_that_asks_for_a_new_acknowledgement_comes_whatever_was_done_before(
    world_of: Any, program: Program
) -> None:
    office = Office(world_of, program, "Brief this reference")
    office.changes = {"match": {"owner_decision": "declined"}, "judged": {"failed_call": 1}}
    last = TODAY + timedelta(days=30)
    tell(office, "briefing_talk", [(add(1), ("1",)), (close, ()), (add(2, acknowledge_by=last), ("2",)), (close, ())])
    acknowledged = {"briefed_types": ["call"], "briefing_version": "briefing_talk.2"}
    office.changes["profile"] = acknowledged
    office.changes["judged"] = {"failed_call": 0}
    assert office.run() == ()
    assert list(briefings(office.world())) == []


@pytest.mark.parametrize("away", [{"status": "paused"}, {"approved_types": ["quote"]}, {"approved_types": None}])
def test_a_briefing_waits_while_the_reference_is_away(world_of: Any, program: Program, away: dict[str, Any]) -> None:
    office = Office(world_of, program, "Brief this reference")
    office.changes = {"match": {"owner_decision": "declined"}, "judged": {"failed_call": 1, "failed_quote": 2}}
    add(1)(office, "briefing_talk")
    assert office.run() == ("briefing_talk.1",)
    office.changes["profile"] = away
    assert office.run() == ("briefing_talk.1 waits",)
    del office.changes["profile"]
    assert office.run() == ("briefing_talk.1",)


@pytest.mark.parametrize("tasks", [0, 1, 2])
def test_a_run_that_ends_half_way_is_made_good_by_the_next(world_of: Any, program: Program, tasks: int) -> None:
    office = Office(world_of, program, "Ask this customer")
    add(1)(office, "outreach_talk")
    office.crash(tasks)
    add(2)(office, "outreach_talk")
    first = "1" if any(task["subject"].startswith("Ask") for task in office.tasks.values()) else "2"
    assert office.run() == (f"outreach_talk.{first}",)
    retire(int(first))(office, "outreach_talk")
    add(3)(office, "outreach_talk")
    office.crash(tasks)
    assert office.run() == ("outreach_talk.3",)
