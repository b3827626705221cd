"""Admins' cases: what a file says, and what is told of one that is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program import Case, Program, load_cases
from crm_sync.program.cases import criteria_known

ROOT = Path(__file__).parents[3]

FILE = """\
about: Somebody
as_of: 2026-11-02
given:
  account:
    acme: {name: Acme, health_score: 82, renewal_on: 2027-06-30, churn_risk: none, max_calls_quarter: null}
  contact:
    ada: {account: acme, nps: 9}
  profile:
    reference: {contact: ada, status: active, approved_types: [call, quote], evaluated_at: "2026-11-01T10:00:00+01:00"}
  consent:
    to_calls: {contact: ada, use: call, evidence: "https://files.example/1"}
cases:
  - id: first
    text: As given
    expect:
      ada:
        every_type: {standing: blocked}
        call: {standing: eligible, fails: [], unknown: [], cautions: [churn_watch]}
  - id: second
    text: Changed
    as_of: 2026-12-24
    change:
      account: {acme: {health_score: 70.5, in_dispute: true}}
      consent: {to_calls: null}
      case: {outage: {account: acme, priority: p1}}
    expect:
      ada:
        call: {standing: blocked, fails: [consent, health_level, tolerance.calls_year, cooldown.after_call, blackout]}
"""


def load(tmp_path: Path, program: Program, text: str) -> tuple[Case, ...]:
    folder = tmp_path / "rules" / "cases"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    return load_cases(folder, program)


def test_a_case_holds_whole_records(tmp_path: Path, program: Program) -> None:
    first, _ = load(tmp_path, program, FILE)
    assert (first.id, first.text, first.where) == ("first", "As given", "rules/cases/some.yaml:13")
    assert first.as_of == datetime(2026, 11, 2, 12, tzinfo=UTC)
    (account,) = first.records["account"]
    assert list(account) == [field.name for field in program.mappings["account"].pulled]
    assert account["id"] == "acme"
    assert account["health_score"] == 82.0
    assert isinstance(account["health_score"], float)
    assert account["renewal_on"] == date(2027, 6, 30)
    assert account["in_dispute"] is False
    assert account["healthy_since"] is None
    (profile,) = first.records["profile"]
    assert profile["approved_types"] == ("call", "quote")
    assert profile["evaluated_at"] == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert profile["key"] == "ada"


def test_a_change_alters_single_fields_and_takes_records_away(tmp_path: Path, program: Program) -> None:
    _, second = load(tmp_path, program, FILE)
    assert second.as_of == datetime(2026, 12, 24, 12, tzinfo=UTC)
    (account,) = second.records["account"]
    assert (account["health_score"], account["in_dispute"], account["name"]) == (70.5, True, "Acme")
    assert second.records["consent"] == ()
    assert [case["id"] for case in second.records["case"]] == ["outage"]


def test_every_type_is_spread_and_a_named_type_wins(tmp_path: Path, program: Program) -> None:
    first, _ = load(tmp_path, program, FILE)
    assert set(first.expected) == {("ada", name) for name in program.types}
    assert first.expected["ada", "call"].standing == "eligible"
    assert first.expected["ada", "call"].fails == ()
    assert first.expected["ada", "logo"].standing == "blocked"
    assert first.expected["ada", "logo"].fails is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("acme: {name", "acme: {nmae", "5: found the field of account 'nmae', which is not known; expected one of the"),
        ("nps: 9}", "nps: nine}", "7: found the text 'nine' for nps; expected a number."),
        ("nps: 9}", "nps: true}", "7: found true for nps; expected a number."),
        ("nps: 9}", "email: a@b.example}", "7: found the field of contact 'email', which is not known"),
        ("nps: 9}", "id: x}", "7: found the field of contact 'id', which is not known"),
        ("in_dispute: true", "in_dispute: yes", "23: found the text 'yes' for in_dispute; expected true or false."),
        ("name: Acme", "name: 5", "5: found the number 5 for name; expected text."),
        ("2027-06-30", "30.06.2027", "5: found the text '30.06.2027' for renewal_on; expected a date: 2026-11-02."),
        ("2027-06-30", "2027", "5: found the number 2027 for renewal_on; expected a date: 2026-11-02."),
        ("T10:00:00+01:00", "T10:00:00", "9: found the text '2026-11-01T10:00:00' for evaluated_at; expected a moment"),
        ('"2026-11-01T10:00:00+01:00"', "7", "9: found the number 7 for evaluated_at; expected a moment"),
        ("churn_risk: none", "churn_risk: no", "5: found the value of churn_risk 'no', which is not known"),
        ("[call, quote]", "[call, quot]", "9: found the value of approved_types 'quot', which is not known"),
        (
            "[call, quote]",
            "call",
            "9: found the text 'call' for approved_types; expected a list of its values: [call, quote].",
        ),
        ("[call, quote]", "[call, 5]", "9: found a list for approved_types; expected a list"),
        (
            "ada: {account: acme",
            "ada: {account: acne",
            "7: found the account 'acne', which is not known; expected acme.",
        ),
        ("  contact:\n    ada", "  contracts:\n    ada", "6: found the mapping 'contracts', which is not known"),
        ("      ada:\n        every", "      eda:\n        every", "16: found the contact 'eda', which is not known"),
        ("every_type:", "each_type:", "17: found the reference type 'each_type', which is not known"),
        ("[churn_watch]", "[churn_wach]", "18: found the criterion 'churn_wach', which is not known"),
        ("standing: eligible", "standing: fine", "18: found the text 'fine' for `standing`; expected one of eligible"),
        ("as_of: 2026-11-02", "as_of: tomorrow", "2: found the text 'tomorrow'; expected a date: 2026-11-02."),
        ("as_of: 2026-12-24", "as_of: 24.12.2026", "21: found the text '24.12.2026'; expected a date: 2026-11-02."),
        ("id: second", "id: first", "19: found the case 'first' a second time (first at rules/cases/some.yaml:13)"),
        ("    text: Changed\n", "", "19: found no `text`; expected a line `text: ...`."),
        ("fails: []", "fail: []", "18: found the name 'fail', which is not known; expected one of standing, fails"),
        ("about: Somebody", "about: [", "1: found text that is not YAML"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, program: Program, old: str, new: str, told: str) -> None:
    assert old in FILE
    text = FILE.replace(old, new, 1)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, program, text)
    assert any(str(one).startswith(f"rules/cases/some.yaml:{told}") for one in caught.value.mistakes), caught.value


def test_links_to_colleagues_and_to_anything_are_not_looked_up(tmp_path: Path, program: Program) -> None:
    text = FILE.replace("account: acme, nps: 9", "account: acme, owner: somebody, nps: 9")
    text = text.replace("  consent:\n", "  task: {a: {what: anything, who: ada}}\n  consent:\n", 1)
    first, _ = load(tmp_path, program, text)
    assert first.records["contact"][0]["owner"] == "somebody"
    assert first.records["task"][0]["what"] == "anything"


def test_no_folder_means_no_cases(tmp_path: Path, program: Program) -> None:
    assert load_cases(tmp_path / "none", program) == ()


def test_the_shipped_cases_can_be_read(program: Program) -> None:
    cases = load_cases(ROOT / "rules" / "cases", program)
    assert len(cases) >= 12
    assert len({case.id for case in cases}) == len(cases)


def test_the_criteria_known_are_those_of_a_verdict(program: Program) -> None:
    known = criteria_known(program)
    assert {"health_level", "consent", "blackout", "tolerance.effort_year", "cooldown.after_call"} <= set(known)
    assert "cooldown.same_audience" not in known  # a matter of a match, not of a person
