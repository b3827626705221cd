"""Names are put into a text when it is written, and are found nowhere else: not in the plan, the journal or a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm_sync.diff.plan import as_json
from crm_sync.entrypoints.cli.show import plan_json
from crm_sync.model.drafts import Draft, Personal
from crm_sync.model.records import Change, Desired
from crm_sync.program import Program
from crm_sync.writeback.drafts import SANDBOX, Names, UnnamedError
from tests.local_place import Place
from tests.worker_here import Worker, only

FIRST = (("first_name",), ("last_name",))
FULL = (("first_name", "last_name"), ("last_name",))
FORMAL = (("salutation", "last_name"), ("first_name", "last_name"), ("last_name",))
PERSON = {"Salutation": "Dr.", "FirstName": "Wilhelmina", "LastName": "Quackenbush", "Email": "w.q@customer.example"}
SECRETS = ("Wilhelmina", "Quackenbush", "w.q@customer.example")
KEYS = iter(range(1000))


@pytest.fixture
def writer(worker: Worker, program: Program) -> Worker:
    """A worker that writes tasks."""
    worker.program = only(program, "account", "contact", "user", "profile", "request", "match", "task", "sync_run")
    return worker


def task(description: Draft, who: str) -> Desired:
    first = {"subject": "Ask", "who": who, "description": description, "status": "not_started"}
    return Desired("task", {}, key=f"{next(KEYS):032x}", on_create=first)


def to(who: str, choices: Any = FIRST, name: str = "contact_first_name") -> Personal:
    return Personal(name, "contact", who, choices)


def description(org: Place, key: str | None) -> str:
    (row,) = org.rows(f"SELECT Description FROM Task WHERE Reference_Task_Key__c = '{key}'")
    return str(row["Description"])


def test_a_name_stands_in_the_org_and_nowhere_else(org: Place, writer: Worker, tmp_path: Path) -> None:
    (who,) = org.human("Contact", PERSON)
    wanted = task(Draft(("Dear ", to(who), " (", to(who, FORMAL, "contact_formal"), "),\nAcme")), who)
    made = writer.plan([wanted])
    outcome = writer.write(made)
    assert outcome.count("written") == 1
    assert description(org, wanted.key) == f"{SANDBOX}Dear Wilhelmina (Dr. Quackenbush),\nAcme"
    kept = [path.read_bytes().decode("latin-1") for path in sorted((tmp_path / "state").iterdir())]
    shown = json.dumps(plan_json(made), default=str)
    assert "Dear {{contact_first_name}} ({{contact_formal}})" in shown
    for place in (*kept, shown, repr(made), repr(outcome)):
        assert not [secret for secret in SECRETS if secret in place]
    assert kept
    assert writer.plan([wanted]).changes == ()


def test_a_plan_is_the_same_whatever_anybody_is_called(org: Place, writer: Worker) -> None:
    (who,) = org.human("Contact", PERSON)
    wanted = task(Draft(("Dear ", to(who))), who)
    before = writer.plan([wanted]).checksum
    org.update("Contact", who, FirstName="Ada")
    assert writer.plan([wanted]).checksum == before
    writer.reach([wanted])
    assert description(org, wanted.key).endswith("Dear Ada")


@pytest.mark.parametrize(
    ("person", "choices", "said"),
    [
        ({"LastName": "Lovelace"}, FIRST, "Lovelace"),
        ({"LastName": "Lovelace"}, FULL, "Lovelace"),
        ({"FirstName": "Ada", "LastName": "Lovelace"}, FULL, "Ada Lovelace"),
        ({"FirstName": "Ada", "LastName": "Lovelace"}, FORMAL, "Ada Lovelace"),
        ({"Salutation": "Prof.", "LastName": "Lovelace"}, FORMAL, "Prof. Lovelace"),
        ({"FirstName": "Ada\r\nBcc: x", "LastName": "Lovelace"}, FIRST, "Ada Bcc: x"),
        ({"FirstName": "{{owner_name}}{!User.Id}", "LastName": "Lovelace"}, FIRST, "((owner_name))(!User.Id)"),
    ],
)
def test_what_a_person_is_called(org: Place, writer: Worker, person: dict[str, str], choices: Any, said: str) -> None:
    (who,) = org.human("Contact", person)
    wanted = task(Draft(("Dear ", to(who, choices))), who)
    writer.reach([wanted])
    assert description(org, wanted.key) == f"{SANDBOX}Dear {said}"


def test_only_the_people_of_this_plan_are_read_in_one_call_an_object(org: Place, writer: Worker) -> None:
    people = org.human("Contact", *(PERSON | {"LastName": f"P{n}"} for n in range(30)))
    wanted = [task(Draft((to(who, FULL),)), who) for who in people[:20]]
    made = writer.plan(wanted)
    reads: list[tuple[str, int]] = []
    read_rows = writer.org.read_rows

    def counted(name: str, fields: Any, ids: Any) -> Any:
        reads.append((name, len(ids)))
        return read_rows(name, fields, ids)

    writer.org.read_rows = counted  # type: ignore[method-assign]
    assert writer.write(made).count("written") == 20
    assert reads.count(("Contact", 20)) == 1
    assert all(count == 20 for name, count in reads if name == "Contact")


def test_somebody_who_cannot_be_named_is_not_written_to_and_costs_the_others_nothing(
    org: Place, writer: Worker
) -> None:
    one, gone = org.human("Contact", PERSON, PERSON)
    fine, unnamed = task(Draft((to(one),)), one), task(Draft((to(gone),)), one)
    made = writer.plan([fine, unnamed])
    org.delete("Contact", gone)
    by_key = {result.change.key: result for result in writer.write(made).results}
    assert by_key[fine.key].status == "written"
    assert (by_key[unnamed.key].status, by_key[unnamed.key].code) == ("refused", "REQUIRED_FIELD_MISSING")
    assert org.rows(f"SELECT Id FROM Task WHERE Reference_Task_Key__c = '{unnamed.key}'") == []


def test_what_the_org_says_of_a_draft_is_not_kept(org: Place, writer: Worker, tmp_path: Path) -> None:
    """Salesforce quotes a value that it refuses."""
    (who,) = org.human("Contact", PERSON)
    wanted = task(Draft(("Dear ", to(who))), who)
    message = "STRING_TOO_LONG, Description: data value too large: Dear Wilhelmina"
    org.fault("record", times=2, object="Task", contains=wanted.key, code="STRING_TOO_LONG", message=message)
    (refused,) = writer.reach([wanted]).results
    assert (refused.status, refused.code) == ("refused", "STRING_TOO_LONG")
    assert "Wilhelmina" not in str(refused.message)
    assert not any(b"Wilhelmina" in path.read_bytes() for path in (tmp_path / "state").iterdir())
    org.update("Contact", who, FirstName="Ada")
    assert writer.reach([wanted]).results[0].status == "skipped", "the same draft is the same write, whoever it names"


def test_a_draft_that_is_too_long_with_its_names_is_refused_before_it_is_sent(org: Place, writer: Worker) -> None:
    (who,) = org.human("Contact", PERSON | {"FirstName": "W" * 40})
    wanted = task(Draft(("x", *(to(who) for _ in range(1000)))), who)
    (refused,) = writer.reach([wanted]).results
    assert (refused.status, refused.code) == ("refused", "STRING_TOO_LONG")
    assert "WWW" not in str(refused.message)


OWNER = Personal("program_owner_email", "user", "005", (("email",),))


@pytest.mark.parametrize(
    ("is_sandbox", "said"),
    [
        (False, "Write to boss@ours.example, or ada@customer.example."),
        (True, f"{SANDBOX}Write to address left out, or address left out"),
    ],
)
def test_a_sandbox_says_so_and_holds_no_address(is_sandbox: bool, said: str) -> None:
    names = Names({("user", "005"): {"email": "boss@ours.example"}}, is_sandbox)
    assert names.text(Draft(("Write to ", OWNER, ", or ada@customer.example."))) == said


def test_a_name_that_nobody_read_is_an_error() -> None:
    with pytest.raises(UnnamedError, match="user 005 shows no email"):
        Names({}, is_sandbox=False).text(Draft((OWNER,)))
    with pytest.raises(UnnamedError):
        Names({("user", "005"): {"email": ""}}, is_sandbox=False).text(Draft((OWNER,)))


def test_a_plan_shows_a_draft_as_text(program: Program) -> None:
    change = Change("task", "create", {"description": Draft(("To ", OWNER))}, {}, key="k")
    assert as_json(change)["fields"] == {"description": "To {{program_owner_email}}"}
