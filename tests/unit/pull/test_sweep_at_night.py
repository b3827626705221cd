"""The sweep: what increments cannot see, and when a person has to agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crm_sync.errors import UnsafePlanError, WrongOrgError
from crm_sync.ports import ObjectFacts
from crm_sync.program import Program
from crm_sync.pull import pull, sweep
from crm_sync.pull.sweep import Swept
from crm_sync.state.mirror import DuckMirror
from tests.local_place import Place
from tests.worker_here import only

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def small(program: Program) -> Program:
    """The shipped program, accounts and holidays alone."""
    return only(program, "account", "holiday")


@pytest.fixture(autouse=True)
def lift_faults(here: Place) -> Iterator[None]:
    yield
    here.no_faults()


def purge(here: Place, *ids: str) -> None:
    for record_id in ids:
        here.delete("Account", record_id)
        here.control("POST", "records/change", {"id": record_id, "do": "purge"})


def accounts(found: tuple[Swept, ...]) -> Swept:
    return next(item for item in found if item.name == "account")


def test_nothing_to_find_changes_nothing(here: Place, mirror: DuckMirror, small: Program) -> None:
    here.human("Account", {"Name": "Here"})
    before = pull(here.worker(), mirror, small, AS_OF)
    assert all((item.gone, item.missed, item.changed) == (0, 0, 0) for item in sweep(here.worker(), mirror, small))
    assert mirror.table("account").equals(before.tables["account"])


def test_records_purged_without_a_trace_go(here: Place, mirror: DuckMirror, small: Program) -> None:
    ids = here.human("Account", *({"Name": f"P{i}"} for i in range(30)))
    pull(here.worker(), mirror, small, AS_OF)
    purge(here, *ids[:2])
    assert set(ids[:2]) <= set(pull(here.worker(), mirror, small, AS_OF).tables["account"].column("id").to_pylist())
    assert accounts(sweep(here.worker(), mirror, small)).gone == 2
    assert not set(ids[:2]) & set(mirror.ids("account").to_pylist())


def test_rows_that_became_visible_too_late_are_fetched(here: Place, mirror: DuckMirror, small: Program) -> None:
    pull(here.worker(), mirror, small, AS_OF)
    here.fault("stamp_lag", seconds=3600)
    (late,) = here.human("Account", {"Name": "Very late", "NumberOfEmployees": 7})
    assert late not in pull(here.worker(), mirror, small, AS_OF).tables["account"].column("id").to_pylist()
    assert accounts(sweep(here.worker(), mirror, small)).missed == 1
    found = [row for row in mirror.table("account").to_pylist() if row["id"] == late]
    assert (found[0]["name"], found[0]["employees"]) == ("Very late", 7.0)


class Formulas:
    """An org that calls some fields of accounts formulas; `set_silently` is what a formula does when its inputs change."""

    def __init__(self, here: Place, *fields: str) -> None:
        self._here = here
        self._org = here.worker()
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)

    def describe_all(self, names: Any, **more: Any) -> Mapping[str, ObjectFacts]:
        found = dict(self._org.describe_all(names, **more))
        account = found["Account"]
        changed = {name: replace(account.fields[name], calculated=True) for name in self._fields}
        return found | {"Account": replace(account, fields={**account.fields, **changed})}

    def set_silently(self, record_id: str, field: str, value: object) -> None:
        with self._here.running.org.store.writing() as connection:
            connection.execute(f'UPDATE "Account" SET "{field}" = ? WHERE "Id" = ?', (value, record_id))


def test_formulas_that_changed_without_a_stamp_are_found(here: Place, mirror: DuckMirror, small: Program) -> None:
    org = Formulas(here, "Industry", "NumberOfEmployees")
    first, second, third, fourth = here.human("Account", *({"Name": f"F{i}", "Industry": "Energy"} for i in range(4)))
    pull(org, mirror, small, AS_OF)
    here.control("POST", "clock", {"advance": 600})
    for _ in range(2):  # the first of them hears of the new time
        pull(org, mirror, small, AS_OF)
    org.set_silently(first, "Industry", "Banking")
    org.set_silently(second, "NumberOfEmployees", 5)
    org.set_silently(third, "Industry", None)
    pull(org, mirror, small, AS_OF)
    held = {row["id"]: row["industry"] for row in mirror.table("account").to_pylist()}
    assert held[first] == "Energy"
    assert accounts(sweep(org, mirror, small)).changed == 3
    rows = {row["id"]: (row["industry"], row["employees"]) for row in mirror.table("account").to_pylist()}
    assert [rows[i] for i in (first, second, third, fourth)] == [
        ("Banking", None),
        ("Energy", 5.0),
        (None, None),
        ("Energy", None),
    ]
    assert accounts(sweep(org, mirror, small)) == Swept("account", 0, 0, 0)


def test_a_fifth_of_a_table_gone_is_a_question_for_a_person(here: Place, mirror: DuckMirror, small: Program) -> None:
    ids = here.human("Account", *({"Name": f"G{i}"} for i in range(60)))
    pull(here.worker(), mirror, small, AS_OF)
    total = len(mirror.ids("account"))
    purge(here, *ids[: total // 5 + 1])
    with pytest.raises(UnsafePlanError, match="Has a permission been taken away"):
        sweep(here.worker(), mirror, small)
    assert len(mirror.ids("account")) == total
    assert accounts(sweep(here.worker(), mirror, small, agreed=True)).gone == total // 5 + 1


def test_a_table_that_was_never_read_is_left_to_the_next_pull(here: Place, mirror: DuckMirror, small: Program) -> None:
    assert all((item.gone, item.missed, item.changed) == (0, 0, 0) for item in sweep(here.worker(), mirror, small))


def test_another_orgs_mirror_is_not_swept(here: Place, mirror: DuckMirror, small: Program) -> None:
    mirror.claim("00D000000000001EAA")
    with pytest.raises(WrongOrgError):
        sweep(here.worker(), mirror, small)
