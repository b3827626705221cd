"""Fields that live on another object: read as a table of their own, and joined into the mapping's where one row counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import Program, load_program
from crm_sync.pull import pull, sweep
from crm_sync.state.mirror import DuckMirror
from tests.health_homes import OBJECT, health_object
from tests.local_place import Place
from tests.worker_here import only

ROOT = Path(__file__).parents[3]
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def home_made(here: Place) -> None:
    health_object(here)


@pytest.fixture(autouse=True)
def put_right(here: Place) -> Iterator[None]:
    yield
    here.control("DELETE", "schema")


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The shipped program with the preset for a home-made object of dated rows, as far as accounts go."""
    folder = shutil.copytree(ROOT / "mappings", tmp_path_factory.mktemp("joined") / "mappings")
    (folder / "preset.yaml").write_text("preset: customer-health\n")
    return only(load_program(ROOT / "rules", folder), "account")


def undated(program: Program) -> Program:
    account = program.mappings["account"]
    joined = {"health": replace(account.joined["health"], newest_by=None)}
    return replace(program, mappings={"account": replace(account, joined=joined)})


def account(here: Place, *rows: dict[str, Any]) -> tuple[str, list[str]]:
    """Create an account with these rows of health."""
    (made,) = here.human("Account", {"Name": "A"})
    return made, here.human(OBJECT, *({"Account__c": made, **row} for row in rows)) if rows else []


def seen(found: Snapshot, record_id: str) -> dict[str, Any]:
    return next(row for row in found.tables["account"].to_pylist() if row["id"] == record_id)


def test_the_newest_row_counts_and_says_which_it_is(here: Place, mirror: DuckMirror, dated: Program) -> None:
    one, rows = account(
        here,
        {"Score__c": 40, "Scored_On__c": "2026-10-01", "Band__c": "Red"},
        {"Score__c": 90, "Scored_On__c": "2026-11-01", "Trend__c": "Up", "Risk__c": "Low"},
    )
    bare, _ = account(here)
    found = pull(here.worker(), mirror, dated, AS_OF)
    row = seen(found, one)
    assert (row["health_score"], row["health_trend"], row["churn_risk"]) == (90.0, "rising", "none")
    assert (row["health_scored_on"], row["health.id"], row["health.rows"]) == (date(2026, 11, 1), rows[1], 2)
    assert (seen(found, bare)["health_score"], seen(found, bare)["health.rows"]) == (None, 0)
    assert set(found.tables) == {"account", "merged_account"}
    assert {field.name for field in dated.mappings["account"].pulled} <= set(
        found.tables["merged_account"].column_names
    )
    assert found.unreadable == frozenset()


@pytest.mark.parametrize(
    "rows",
    [
        [{"Score__c": 90, "Scored_On__c": "2026-11-01"}, {"Score__c": 40, "Scored_On__c": "2026-11-01"}],
        [{"Score__c": 90, "Scored_On__c": "2026-11-01"}, {"Score__c": 40}],
        [{"Score__c": 90, "Scored_On__c": "2062-11-01"}, {"Score__c": 40, "Scored_On__c": "2026-11-01"}],
    ],
    ids=["a tie", "one without its date", "one of a day to come"],
)
def test_where_none_is_the_newest_nothing_is_known(
    here: Place, mirror: DuckMirror, dated: Program, rows: list[dict[str, Any]]
) -> None:
    one, _ = account(here, *rows)
    row = seen(pull(here.worker(), mirror, dated, AS_OF), one)
    assert (row["health_score"], row["health_scored_on"], row["health.id"], row["health.rows"]) == (None, None, None, 2)


def test_a_single_row_needs_no_date(here: Place, mirror: DuckMirror, dated: Program) -> None:
    one, _ = account(here, {"Score__c": 77})
    assert seen(pull(here.worker(), mirror, dated, AS_OF), one)["health_score"] == 77.0


def test_several_rows_are_none_where_no_date_tells_them_apart(here: Place, mirror: DuckMirror, dated: Program) -> None:
    one, _ = account(here, {"Score__c": 80, "Scored_On__c": "2026-10-01"}, {"Scored_On__c": "2026-11-01"})
    other, _ = account(here, {"Score__c": 80})
    found = pull(here.worker(), mirror, undated(dated), AS_OF)
    assert (seen(found, one)["health_score"], seen(found, one)["health.rows"]) == (None, 2)
    assert seen(found, other)["health_score"] == 80.0


def test_changes_and_deletions_of_a_row_are_seen_by_increments_and_at_night(
    here: Place, mirror: DuckMirror, dated: Program
) -> None:
    one, (older, newer) = account(
        here, {"Score__c": 40, "Scored_On__c": "2026-10-01"}, {"Score__c": 90, "Scored_On__c": "2026-11-01"}
    )
    org = here.worker()
    assert seen(pull(org, mirror, dated, AS_OF), one)["health_score"] == 90.0
    here.update(OBJECT, newer, Score__c=91)
    assert seen(pull(org, mirror, dated, AS_OF), one)["health_score"] == 91.0
    here.delete(OBJECT, newer)
    assert seen(pull(org, mirror, dated, AS_OF), one)["health_score"] == 40.0
    here.delete(OBJECT, older)
    here.control("POST", "records/change", {"id": older, "do": "purge"})
    mirror.forget("account_health", [older])
    assert seen(pull(org, mirror, dated, AS_OF), one)["health.rows"] == 0
    assert {one.name for one in sweep(org, mirror, dated)} == {"account", "account_health"}


def test_a_value_nothing_translates_is_told_of_the_row_that_counts(
    here: Place, mirror: DuckMirror, dated: Program
) -> None:
    one, _ = account(
        here,
        {"Trend__c": "Wobbly", "Scored_On__c": "2026-10-01"},
        {"Trend__c": "Sideways", "Scored_On__c": "2026-11-01"},
    )
    found = pull(here.worker(), mirror, dated, AS_OF)
    told = [row for row in found.unmapped.to_pylist() if row["id"] == one]
    assert told == [{"object": "account", "id": one, "field": "health_trend", "value": "Sideways"}]
    assert seen(found, one)["health_trend"] is None


def test_a_field_that_may_miss_is_unknown_and_one_that_protects_refuses_the_run(
    here: Place, mirror: DuckMirror, dated: Program
) -> None:
    one, _ = account(here, {"Score__c": 90, "Scored_On__c": "2026-11-01"})
    here.control("POST", "schema", {"object": OBJECT, "field": "Scored_On__c", "remove": True})
    found = pull(here.worker(), mirror, dated, AS_OF)
    assert found.unreadable == {("account", "health_scored_on")}
    assert seen(found, one)["health_score"] == 90.0
    for gone in ("Score__c", "Account__c"):
        here.control("DELETE", "schema")
        here.control("POST", "schema", {"object": OBJECT, "field": gone, "remove": True})
        with pytest.raises(ConfigurationError) as refused:
            pull(here.worker(), mirror, dated, AS_OF)
        (mistake,) = refused.value.mistakes
        assert mistake.where == f"{OBJECT}.{gone}"
        assert "account." in mistake.expected


def test_what_does_not_protect_is_unknown_where_the_object_cannot_be_read(
    here: Place, mirror: DuckMirror, dated: Program
) -> None:
    account_mapping = dated.mappings["account"]
    careless = {
        name: replace(field, safety=False) if field.home else field for name, field in account_mapping.fields.items()
    }
    program = replace(dated, mappings={"account": replace(account_mapping, fields=careless)})
    one, _ = account(here, {"Score__c": 90})
    for missing in ({"object": OBJECT, "field": "Account__c", "remove": True}, {"object": OBJECT, "remove": True}):
        here.control("POST", "schema", missing)
        found = pull(here.worker(), mirror, program, AS_OF)
        joined = {("account", field.name) for field in account_mapping.fields.values() if field.home}
        assert found.unreadable == joined
        assert seen(found, one)["health_score"] is None


def test_a_table_that_was_never_read_does_not_hide_the_accounts(
    here: Place, mirror: DuckMirror, dated: Program, program: Program
) -> None:
    one, _ = account(here, {"Score__c": 55})
    org = here.worker()
    before = pull(org, mirror, only(program, "account"), AS_OF)
    after = pull(org, mirror, dated, AS_OF)
    assert before.tables["account"]["id"].to_pylist() == after.tables["account"]["id"].to_pylist()
    assert seen(after, one)["health_score"] == 55.0
