"""From the owner's approval to the letter in their task: its numbers, its version, and nothing of a person anywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from crm_sync.entrypoints.cli import show
from crm_sync.evaluate import evaluate
from crm_sync.pipeline import Decision, carry_out, decide, look
from crm_sync.program import Program, Template, Templates
from crm_sync.state.archive import FileArchive
from crm_sync.writeback.drafts import SANDBOX

TODAY = date(2026, 11, 18)
FIRST, LAST, ADDRESS = "Wilhelmina", "Quackenbush", "w.quackenbush@customer.example"
CAPS = {"calls": (2, 90), "year": (8, 365), "any": (3, 182)}


@dataclass
class Story:
    """A place after the owner of one recommended call has agreed, and what the run after that wrote."""

    place: Any
    match: dict[str, Any]
    contact: str
    plans: list[Decision]

    def rows(self, soql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.place.call("GET", f"/query?q={quote(soql)}")["records"]
        return found

    def tasks(self, what: str) -> list[dict[str, Any]]:
        return self.rows(f"SELECT Subject, Description, Status, OwnerId, WhoId FROM Task WHERE WhatId = '{what}'")

    def run(self, program: Program | None = None) -> Decision:
        world = replace(self.place.world, program=program or self.place.world.program)
        decision = look(world, world.org.server_time())
        outcome = carry_out(world, decision, kind="full", agreed=decision.plan.checksum)
        assert outcome.count("written") == len(decision.plan.changes)
        self.plans.append(decision)
        return decision


@pytest.fixture(scope="module")
def story(places: Any) -> Iterator[Story]:
    """Run once; rename the reference whom a request for a call is to get, approve, and run again."""
    with places() as place:
        told = Story(place, {}, "", [])
        told.run()
        told.match = told.rows(
            "SELECT Id, Profile__c, Profile__r.Contact__c FROM Reference_Match__c WHERE Recommended__c = true AND State__c = "
            "'Proposed' AND Owner_Decision__c = null AND Request__r.Type__c = 'Sales Call' ORDER BY External_Key__c LIMIT 1"
        )[0]
        told.contact = told.match["Profile__r"]["Contact__c"]
        named = {"FirstName": FIRST, "LastName": LAST, "Email": ADDRESS}
        place.call("PATCH", f"/sobjects/Contact/{told.contact}", json=named)
        limits = {"Max_Calls_Quarter__c": 1, "Topics_To_Avoid__c": "{{owner_name}}\nthe outage of May"}
        place.call("PATCH", f"/sobjects/Reference_Profile__c/{told.match['Profile__c']}", json=limits)
        agreed = {"Owner_Decision__c": "Approved", "Owner_Decided_On__c": TODAY.isoformat()}
        place.call("PATCH", f"/sobjects/Reference_Match__c/{told.match['Id']}", json=agreed)
        told.run()
        yield told


def letter_of(story: Story) -> str:
    (task,) = [task for task in story.tasks(story.match["Id"]) if task["Subject"].startswith("Ask this customer")]
    assert task["WhoId"] == story.contact
    return str(task["Description"])


def test_the_owner_gets_a_letter_with_the_name_and_the_version(story: Story) -> None:
    letter = letter_of(story)
    text = next(t for t in story.place.world.program.templates.versions if t.name == "outreach_talk.1")
    assert letter.startswith(SANDBOX)
    assert f"Dear {FIRST}," in letter
    assert "may we ask you for a reference call?" in letter
    assert letter.endswith(f"Written from {text.label}, approved by The maintainers on 05 Jan 2026.")
    (match,) = story.rows(f"SELECT Outreach_Text__c FROM Reference_Match__c WHERE Id = '{story.match['Id']}'")
    assert match["Outreach_Text__c"] == text.label


def test_a_letter_in_a_sandbox_holds_no_address_and_no_field(story: Story) -> None:
    letter = letter_of(story)
    assert "@" not in letter
    assert not set(letter) & set("{}")


def test_the_numbers_are_those_of_the_records_counted_without_the_engine(story: Story) -> None:
    """The limits read from the org and written down here, not those of the worker."""
    (profile,) = story.rows(
        "SELECT Max_Calls_Quarter__c, Max_Calls_Year__c, Max_Activations_Half_Year__c FROM Reference_Profile__c "
        f"WHERE Id = '{story.match['Profile__c']}'"
    )
    own = [profile["Max_Calls_Quarter__c"], profile["Max_Calls_Year__c"], profile["Max_Activations_Half_Year__c"]]
    told = {
        int(days): int(number)
        for number, days in re.findall(r"- at most (\d+) [a-z ]+ in any (\d+) days", letter_of(story))
    }
    (_, quarter), _, (_, half) = CAPS.values()
    lowest = [
        min(limit, mine) if mine is not None else limit for (limit, _), mine in zip(CAPS.values(), own, strict=True)
    ]
    assert lowest[0] == 1
    assert re.search(r"- at most 1 reference call in any 90 days\n", letter_of(story))
    assert told.get(half, lowest[2]) == lowest[2]
    assert 365 not in told, "one call in 90 days is five in a year: eight would promise more than is let through"
    assert quarter == 90


def test_nothing_of_the_person_is_anywhere_but_in_the_org(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = (FIRST, LAST, ADDRESS)
    world, state = story.place.world, story.place.settings.state_dir
    for decision in story.plans:
        show.show_plan(decision.plan, every=True)
        show.show_summary(decision, None)
        print(json.dumps(show.plan_json(decision.plan), default=str))
    archive = FileArchive.open(state / "archive")
    kept = {"screen": "".join(capsys.readouterr()), "log": json.dumps(world.journal.decisions.entries(), default=str)}
    kept |= {f"archive {name}": archive.get(name).decode("latin-1") for name in archive.names()}
    kept |= {f"file {path}": path.read_bytes().decode("latin-1") for path in state.rglob("*") if path.is_file()}
    kept |= {f"mirror {name}": repr(world.mirror.table(name).to_pylist()) for name in world.program.mappings}
    assert len(kept) > 40
    assert "Dear {{contact_first_name}}," in kept["screen"]
    for place, text in kept.items():
        assert not [secret for secret in secrets if secret in text], place


def test_a_second_run_writes_nothing_though_letters_hold_names(story: Story) -> None:
    story.place.call("PATCH", f"/sobjects/Contact/{story.contact}", json={"FirstName": "Minna"})
    again = look(story.place.world, story.place.world.org.server_time())
    assert again.plan.changes == ()
    assert f"Dear {FIRST}," in letter_of(story)


def unbriefed(story: Story) -> tuple[str, str]:
    """Somebody who is kept from being asked for a call by the briefing alone: contact and profile."""
    (task,) = story.rows(
        "SELECT WhoId, WhatId FROM Task WHERE Subject LIKE 'Brief this reference for a call%' AND IsClosed = false LIMIT 1"
    )
    return task["WhoId"], task["WhatId"]


def test_nobody_is_matched_before_the_briefing_is_acknowledged(story: Story) -> None:
    contact, profile = unbriefed(story)
    before = story.plans[-1]
    assert contact not in _asked_for_calls(before.verdicts)
    assert contact not in {
        c.contact_id for s in before.matches.slates for c in s.candidates if _is_call(before, s.request_id)
    }
    (task,) = [task for task in story.tasks(profile) if task["Subject"].startswith("Brief this reference for a call")]
    assert "The version is briefing_talk.1." in task["Description"]
    acknowledged = {"Briefed_Types__c": _with_call(story, profile), "Briefed_On__c": TODAY.isoformat()}
    place = f"/sobjects/Reference_Profile__c/{profile}"
    story.place.call("PATCH", place, json=acknowledged | {"Briefing_Version__c": "briefing_talk.1"})
    after = story.run()
    assert contact in _asked_for_calls(after.verdicts)
    (task,) = [task for task in story.tasks(profile) if task["Subject"].startswith("Brief this reference for a call")]
    assert task["Status"] == "Completed"


def _is_call(decision: Decision, request: str) -> bool:
    return any(
        row["id"] == request and row["type"] == "call" for row in decision.snapshot.tables["request"].to_pylist()
    )


def _with_call(story: Story, profile: str) -> str:
    (row,) = story.rows(f"SELECT Briefed_Types__c FROM Reference_Profile__c WHERE Id = '{profile}'")
    return ";".join(dict.fromkeys([*(row["Briefed_Types__c"] or "").split(";"), "Sales Call"])).strip(";")


def test_a_version_that_asks_for_it_takes_the_old_briefings_away_on_its_day(story: Story) -> None:
    """Everybody was briefed by an older text: the guard stops a run that would take most references away at once."""
    program, snapshot = story.place.world.program, story.plans[-1].snapshot
    assert _asked_for_calls(evaluate(snapshot, with_second_briefing(program, TODAY)))
    over = decide(snapshot, with_second_briefing(program, TODAY - timedelta(days=1)))
    assert not _asked_for_calls(over.verdicts)
    briefings = [c for c in over.plan.changes if c.object == "task" and "Brief this" in str(c.fields.get("subject"))]
    assert len(briefings) > 20
    assert over.plan.problems(program.guards)


def with_second_briefing(program: Program, last: date) -> Program:
    """The program with a second version of the briefing for calls, to be acknowledged by this day."""
    first = next(text for text in program.templates.versions if text.name == "briefing_talk.1")
    given = {"version": 2, "effective_from": TODAY - timedelta(days=9), "acknowledge_by": last}
    texts = (*program.templates.versions, Template(**{**first.model_dump(), **given}))
    return replace(program, templates=Templates(texts, program.templates.languages))


def _asked_for_calls(verdicts: Any) -> list[str]:
    rows = verdicts.table.select(["contact_id", "failed_call", "unknown_call"]).to_pylist()
    return [row["contact_id"] for row in rows if not row["failed_call"] | row["unknown_call"]]


def with_texts(program: Program, **changes: Any) -> Program:
    """The program with the outreach text changed."""
    texts = tuple(
        Template(**{**text.model_dump(), **changes}) if text.name == "outreach_talk.1" else text
        for text in program.templates.versions
    )
    return replace(program, templates=Templates(texts, program.templates.languages))


def test_a_text_retired_meanwhile_leaves_no_letter_to_send(story: Story) -> None:
    retired = with_texts(story.place.world.program, retired_on=TODAY)
    story.run(retired)
    by_status = {task["Status"]: task for task in story.tasks(story.match["Id"]) if task["Subject"].startswith("Ask")}
    assert FIRST in by_status["Completed"]["Description"]
    assert "No draft: no approved outreach text about call is in force" in by_status["Not Started"]["Description"]
    (issue,) = story.rows(
        "SELECT Summary__c, Assigned_To__r.Reference_Role__c FROM Sync_Issue__c WHERE Subject__c = 'outreach call'"
    )
    assert issue["Assigned_To__r"]["Reference_Role__c"] == "Program Owner"
