"""Rules that nobody approved do not run, unless somebody says so loudly."""

from __future__ import annotations

import pytest

from crm_sync.entrypoints.cli.simulations import keep
from crm_sync.errors import ConfigurationError, UnsafePlanError
from crm_sync.program import load_program
from crm_sync.settings import read_settings
from tests.unit.entrypoints.conftest import Desk


@pytest.fixture
def unapproved(desk: Desk) -> Desk:
    desk.edit("rules/tolerance.yaml", "limit: 8", "limit: 7")
    return desk


def version_of(desk: Desk) -> str:
    return load_program(desk.rules, desk.mappings).version


@pytest.mark.parametrize("command", ["run", "serve"])
def test_changed_rules_are_refused_with_the_command_that_agrees(unapproved: Desk, command: str) -> None:
    done = unapproved.run(command)
    assert isinstance(done.exception, UnsafePlanError)
    assert done.exception.exit_code == 3
    assert "rules or mappings have changed since" in str(done.exception)
    assert "crm-sync approve --by NAME" in str(done.exception)


def test_changed_mappings_are_refused_too(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "Rising: rising", "Climbing: rising")
    assert isinstance(desk.run("run").exception, UnsafePlanError)


def test_rules_without_any_approval_are_refused(desk: Desk) -> None:
    (desk.rules / "approval.yaml").unlink(missing_ok=True)
    assert "are not approved" in str(desk.run("run").exception)


def test_what_is_approved_runs_and_says_so_in_the_log(unapproved: Desk) -> None:
    told = unapproved.answer("approve", "--by", "  Dana   Whitfield ", "--without-simulation", " An  outage ")
    assert (told["version"], told["by"], told["simulation"]) == (version_of(unapproved), "Dana Whitfield", None)
    assert told["without_simulation"] == "An outage"
    assert unapproved.run("run").exit_code == 0
    assert "approved without a simulation: An outage" in unapproved.run("audit", "runs").stdout
    assert "Without a simulation: An outage" in unapproved.run("check").stdout
    assert unapproved.answer("check")["approval"]["approved_by"] == "Dana Whitfield"
    noted = unapproved.answer("audit", "runs")[-1]
    assert (noted["approved_by"], noted["without_simulation"]) == ("Dana Whitfield", "An outage")
    unapproved.edit("rules/tolerance.yaml", "limit: 7", "limit: 6")
    assert isinstance(unapproved.run("run").exception, UnsafePlanError)


def test_unapproved_rules_run_when_accepted_and_it_is_loud(unapproved: Desk) -> None:
    done = unapproved.run("run", "--accept-unapproved")
    assert done.exit_code == 0
    assert "UNAPPROVED RULES" in done.stderr
    noted = unapproved.answer("audit", "runs")[-1]
    assert "not the ones that were approved" in noted["unapproved"]
    assert "approved_by" not in noted
    assert "under rules nobody approved" in unapproved.run("audit", "runs").stdout


def test_changed_rules_are_not_agreed_to_before_they_were_tried(unapproved: Desk) -> None:
    before = (unapproved.rules / "approval.yaml").read_text()
    done = unapproved.run("approve", "--by", "Dana W")
    assert isinstance(done.exception, ConfigurationError)
    told = str(done.exception)
    assert f"crm-sync simulate --rules {unapproved.rules}" in told
    assert "crm-sync approve --by 'Dana W' --simulation DIGEST" in told
    assert '--without-simulation "REASON"' in told
    assert (unapproved.rules / "approval.yaml").read_text() == before
    assert isinstance(unapproved.run("run").exception, UnsafePlanError)
    empty = unapproved.run("approve", "--by", "Dana", "--without-simulation", " ")
    assert isinstance(empty.exception, ConfigurationError)


def test_changed_mappings_are_agreed_to_without_a_simulation(desk: Desk) -> None:
    desk.edit("mappings/account.yaml", "Rising: rising", "Climbing: rising")
    assert desk.answer("approve", "--by", "Dana")["without_simulation"] is None


def test_the_first_approval_needs_none_and_a_copied_folder_is_no_first_one(desk: Desk) -> None:
    (desk.rules / "approval.yaml").unlink()
    assert desk.answer("approve", "--by", "Dana")["simulation"] is None
    assert desk.run("run").exit_code == 0
    (desk.rules / "approval.yaml").unlink()
    assert desk.answer("approve", "--by", "Dana")["version"] == version_of(desk)
    (desk.rules / "approval.yaml").unlink()
    desk.edit("rules/tolerance.yaml", "limit: 8", "limit: 7")
    assert "approved by Dana" in str(desk.run("approve", "--by", "Dana").exception)


def test_an_approval_may_stand_on_a_simulation_of_these_very_rules(unapproved: Desk) -> None:
    settings = read_settings(environ={}, state_dir=unapproved.state)
    right = keep(settings, {"versions": {"current": "0" * 16, "other": version_of(unapproved)}})
    wrong = keep(settings, {"versions": {"current": "0" * 16, "other": "1" * 16}})
    assert unapproved.answer("approve", "--by", "Dana", "--simulation", right)["simulation"] == right
    same = keep(settings, {"versions": {"current": version_of(unapproved), "other": version_of(unapproved)}})
    for digest, told in (
        (wrong, "which tried rules 1111111111111111"),
        (same, "beside themselves"),
        ("f" * 16, "a simulation made here"),
    ):
        done = unapproved.run("approve", "--by", "Dana", "--simulation", digest)
        assert isinstance(done.exception, ConfigurationError)
        assert told in str(done.exception)
    (unapproved.state / "simulations" / f"{right}.json").write_text("{}")
    done = unapproved.run("approve", "--by", "Dana", "--simulation", right)
    assert "which was changed" in str(done.exception)


def test_what_is_wrong_cannot_be_approved(desk: Desk) -> None:
    desk.edit("rules/guards.yaml", "min_profiles_for_guard", "min_profile_for_guard")
    assert isinstance(desk.run("approve", "--by", "Dana").exception, ConfigurationError)
    assert isinstance(desk.run("approve", "--by", " ").exception, ConfigurationError)
