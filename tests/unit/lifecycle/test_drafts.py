"""What a letter says: the approved text filled with facts, or no draft and the reason."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from crm_sync.lifecycle.drafts import FILLERS, Letter, may_be_written_to, text_for, written
from crm_sync.lifecycle.world import World
from crm_sync.model.drafts import Draft
from crm_sync.program import Program
from crm_sync.program.merge_fields import KINDS, MERGE_FIELDS, OF_A_TYPE
from tests.unit.lifecycle.letters import ACCOUNT, BOSS, CONTACT, OWNER, TODAY, shipped, town, under, with_texts


def letter(world: World, kind: Any = "outreach", t: str | None = "call", **changes: Any) -> Letter:
    given = {"text": text_for(world, kind, CONTACT, t), "day": date(2026, 4, 22)} | changes
    return Letter(kind, given["text"], CONTACT, OWNER, "To do.", t, given["day"])


def said(world: World, **more: Any) -> str:
    return str(written(world, letter(world, **more)))


def test_every_merge_field_can_be_filled() -> None:
    assert set(FILLERS) == set(MERGE_FIELDS)


def test_an_outreach_says_what_was_agreed_and_what_is_enforced(world_of: Any, program: Program) -> None:
    draft = written(town(world_of), letter(town(world_of)))
    assert isinstance(draft, Draft)
    text = str(draft)
    for part in (
        "Subject: Acme (Group) and Core: may we ask you for a reference call?\n\nDear {{contact_first_name}},",
        "by 22 April 2026?",
        "about 45 minutes of your time",
        "at least 5 business days of notice",
        "\n- at most 2 reference calls in any 90 days\n",
        "\n- at most 3 requests of any kind in any 182 days\n",
        "heard from you within 5 business days",
        "{{program_owner_name}} ({{program_owner_email}})",
        f"\n{{{{owner_name}}}}\n\n--\nWritten from {shipped(program, 'outreach_talk.1').label}, approved by The maintainers",
    ):
        assert part in text
    assert {(p.object, p.record_id) for p in draft.personal} == {("contact", CONTACT), ("user", OWNER), ("user", BOSS)}


def test_a_reference_never_learns_who_asks(world_of: Any, program: Program) -> None:
    for kind in KINDS:
        for t in program.types if kind in OF_A_TYPE else (None,):
            assert "Secretive" not in said(town(world_of), kind=kind, t=t)


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"profile": {"max_calls_quarter": 1.0}}, "at most 1 reference call in any 90 days"),
        ({"profile": {"max_activations_half_year": 1.0}}, "at most 1 request of any kind in any 182 days"),
        (
            {"account": {"max_calls_quarter": 1.0}},
            "at most 1 reference call with your company as a whole in any 90 days",
        ),
        ({"profile": {"max_calls_year": 3.0}}, "at most 3 reference calls in any 365 days"),
        ({"profile": {"max_calls_year": 30.0}}, "at most 8 reference calls in any 365 days"),
    ],
)
def test_the_promise_is_that_of_this_very_person(world_of: Any, changes: dict[str, Any], clause: str) -> None:
    assert f"- {clause}\n" in said(town(world_of, **changes))


def test_the_lowest_limit_on_any_record_of_the_person_is_promised(world_of: Any) -> None:
    twin = "003000000000002AAA"
    more = {
        "contact": [{"id": twin, "account": ACCOUNT, "opted_out": False, "email_opt_out": False}],
        "profile": [{"id": "a01000000000002AAA", "contact": twin, "max_calls_quarter": 1.0}],
        "judged": [{"contact_id": twin, "person_key": CONTACT}],
    }
    assert "at most 1 reference call in any 90 days" in said(town(world_of, more=more, judged={"person_key": CONTACT}))


@pytest.mark.parametrize(
    "second", [{"contact": None, "key": CONTACT}, {"contact": CONTACT}], ids=["known by its key alone", "a second one"]
)
def test_every_profile_of_the_person_lowers_the_promise(world_of: Any, second: dict[str, Any]) -> None:
    more = {"profile": [{"id": "a01000000000002AAA", "max_calls_quarter": 1.0, **second}]}
    assert "at most 1 reference call in any 90 days" in said(town(world_of, more=more))


NO_DRAFT = "To do.\n\nNo draft: "


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"account": {"name": None}}, "the customer's company"),
        ({"unreadable": frozenset({("profile", "max_calls_year")})}, "how often at most"),
        ({"unreadable": frozenset({("account", "max_calls_quarter")})}, "how often at most"),
        ({"judged": {"failed_quote": None}}, "the kinds of reference the person has consented to"),
        ({"contact": {"opted_out": True}}, "opted out"),
        ({"contact": {"opted_out": None}}, "opted out"),
        ({"contact": {"email_opt_out": True}}, "opted out"),
        ({"contact": {"individual": "0PK000000000001AAA"}}, "opted out"),
    ],
)
def test_what_cannot_be_said_leads_to_no_draft_and_the_task_says_why(
    world_of: Any, changes: dict[str, Any], why: str
) -> None:
    found = written(town(world_of, **changes), letter(town(world_of)))
    assert isinstance(found, str)
    assert found.startswith(NO_DRAFT)
    assert why in found


def test_nobody_to_turn_to_is_no_draft(world_of: Any) -> None:
    world = town(world_of)
    alone = world_of(
        **{n: t.to_pylist() for n, t in world.snapshot.tables.items()} | {"user": [{"id": OWNER, "active": True}]}
    )
    assert "the program owner, whom the customer may turn to" in str(written(alone, letter(world)))


def test_no_text_in_force_is_no_draft(world_of: Any, program: Program) -> None:
    none = under(town(world_of), with_texts(program))
    found = said(none)
    assert found.startswith(
        f"{NO_DRAFT}no approved outreach text about call is in force. Write nothing until there is one."
    )
    assert said(none, kind="check_in", t=None).startswith(f"{NO_DRAFT}no approved check in text is in force.")


def test_a_draft_too_long_for_a_task_is_none(world_of: Any) -> None:
    long = town(world_of, profile={"topics": "\n".join(["x" * 200] * 200)})
    assert "longer than a task can hold" in said(long, kind="briefing")


@pytest.mark.parametrize(
    ("fields", "open_to_letters"),
    [
        ({}, True),
        ({"individual": {"forget": False, "no_processing": False, "no_solicit": False}}, True),
        ({"individual": {"forget": True, "no_processing": False, "no_solicit": False}}, False),
        ({"individual": {"forget": False, "no_processing": None, "no_solicit": False}}, False),
        ({"individual": {"forget": False, "no_processing": False, "no_solicit": True}}, False),
        ({"twin": {"opted_out": True, "email_opt_out": False}}, False),
        ({"twin": {"opted_out": False, "email_opt_out": False}}, True),
        ({"unreadable": frozenset({("contact", "individual")})}, False),
        ({"twin": {"opted_out": True, "email_opt_out": False}, "without_profile": True}, False),
        ({"twin": {"opted_out": False, "email_opt_out": False}, "without_profile": True}, True),
        ({"merged": {"opted_out": True, "email_opt_out": False}}, False),
        ({"merged": {"opted_out": False, "email_opt_out": None}}, False),
        ({"merged": {"opted_out": False, "email_opt_out": False}}, True),
    ],
)
def test_who_may_be_written_to(world_of: Any, fields: dict[str, Any], open_to_letters: bool) -> None:
    more: dict[str, list[dict[str, Any]]] = {}
    changes: dict[str, Any] = {"judged": {"person_key": CONTACT}}
    if individual := fields.pop("individual", None):
        changes["contact"] = {"individual": "0PK000000000001AAA"}
        more["individual"] = [{"id": "0PK000000000001AAA", **individual}]
    if twin := fields.pop("twin", None):
        more["contact"] = [{"id": "003000000000002AAA", "account": ACCOUNT, **twin}]
        more["judged"] = [{"contact_id": "003000000000002AAA", "person_key": CONTACT}]
    if merged := fields.pop("merged", None):
        between = {"id": "003000000000003AAA", "master_record": CONTACT, "opted_out": False, "email_opt_out": False}
        more["merged_contact"] = [between, {"id": "003000000000004AAA", "master_record": between["id"], **merged}]
    if fields.pop("without_profile", False):
        changes["profile"] = {"contact": None}
    assert may_be_written_to(town(world_of, more=more, **changes, **fields), CONTACT) is open_to_letters


def test_a_briefing_carries_topics_boundaries_and_its_version(world_of: Any) -> None:
    profile = {"topics": "rollout\nunions", "avoid_topics": "- {pricing}\r\nhead-count\n"}
    text = said(town(world_of, profile=profile), kind="briefing")
    assert "\n- rollout\n- unions\n" in text
    assert "\n- (pricing)\n- head-count\n" in text
    assert "The version is briefing_talk.1." in text
    silent = said(town(world_of), kind="briefing")
    assert "\n- nothing in particular; you choose\n" in silent
    assert "\n- nothing else so far; tell us if there is anything\n" in silent
    unread = town(world_of, unreadable=frozenset({("profile", "avoid_topics")}))
    assert "what nobody may ask the person" in said(unread, kind="briefing")


def test_a_thank_you_names_the_day_and_the_kind(world_of: Any) -> None:
    text = said(town(world_of), kind="thank_you", t="case_study", day=date(2026, 3, 6))
    assert "thank you for the case study of 6 March 2026." in text
    assert "what the text has to say" in said(town(world_of), kind="thank_you", t=None)


def test_what_was_agreed_in_writing(world_of: Any, program: Program) -> None:
    from crm_sync.model.verdicts import RuleRef

    world = town(world_of, judged={"failed_quote": 1, "unknown_logo": 1, "failed_recording": 2})
    rules = (RuleRef("consent", "v", "hard", program.types), RuleRef("no_dispute", "v", "hard", program.types))
    object.__setattr__(world.verdicts, "rules", rules)
    agreed = re.search(r"agreed to this in writing: (.*?)\. We ask", said(world))
    assert agreed
    assert agreed[1] == "reference calls, recorded conversations, case studies, visits to your site"


def test_the_persons_language_and_what_stands_in_for_it(world_of: Any, program: Program) -> None:
    words = program.outreach.languages["English"]
    german = words.model_copy(
        update={"date": "{{day}}. {{month}} {{year}}", "limit": "höchstens {{number}} {{what}} in {{days}} Tagen"}
    )
    two = program.outreach.model_copy(update={"languages": {"English": words, "German": german}})
    texts = (shipped(program, "outreach_talk.1"), shipped(program, "outreach_talk.1", id="anfrage", language="German"))
    rules = with_texts(program, *texts)
    object.__setattr__(rules, "outreach", two)
    object.__setattr__(rules.templates, "languages", ("English", "German"))
    spoken = under(town(world_of, profile={"languages": ["German"]}), rules)
    assert "höchstens 2 reference calls in 90 Tagen" in said(spoken)
    assert "by 22. April 2026" in said(spoken)
    other = under(town(world_of, profile={"languages": ["Japanese"]}), rules)
    assert "There is no text in Japanese; this one is in English." in said(other)
    assert "There is no text in" not in said(under(town(world_of), rules))


def test_the_day_of_a_world_is_the_one_texts_are_chosen_for(world_of: Any, program: Program) -> None:
    retired = with_texts(program, shipped(program, "outreach_talk.1", retired_on=TODAY))
    assert text_for(under(town(world_of), retired), "outreach", CONTACT, "call") is None
