"""What an admin is told about typical slips: one golden page, each slip made alone in the shipped files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.load import program_of
from crm_sync.program.reader import read
from crm_sync.program.sources import Source

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "program_mistakes.txt"

QUALIFICATION = "rules/qualification.yaml"
TOLERANCE = "rules/tolerance.yaml"
LEAD_TIME = "rules/lead_time.yaml"
CONSENT = "rules/consent.yaml"
MATCHING = "rules/matching.yaml"
ESCALATION = "rules/escalation.yaml"
RETENTION = "rules/retention.yaml"
COVERAGE = "rules/coverage.yaml"
GUARDS = "rules/guards.yaml"
CADENCE = "rules/cadence.yaml"
ACCOUNT = "mappings/account.yaml"
CONTACT = "mappings/contact.yaml"
CONSENTS = "mappings/consent.yaml"
PROFILE = "mappings/profile.yaml"
MATCH = "mappings/match.yaml"

SLIPS = [
    (
        "misspelt name",
        QUALIFICATION,
        "weight: hard\n    when: {fact: account.health_score",
        "wieght: hard\n    when: {fact: account.health_score",
    ),
    ("misspelt operator", QUALIFICATION, "at_most: 180", "atmost: 180"),
    ("operator of another language", QUALIFICATION, "at_most: 180", '"<=": 180'),
    ("no operator", QUALIFICATION, "{fact: health_sustained_days, at_least: 90}", "{fact: health_sustained_days}"),
    (
        "two operators",
        QUALIFICATION,
        "{fact: health_sustained_days, at_least: 90}",
        "{fact: health_sustained_days, at_least: 90, below: 400}",
    ),
    ("misspelt fact", QUALIFICATION, "fact: health_sustained_days", "fact: health_sustaned_days"),
    ("misspelt mapped fact", QUALIFICATION, "fact: account.health_trend, is_not", "fact: account.helth_trend, is_not"),
    ("fact without its mapping", QUALIFICATION, "fact: account.health_trend, is_not", "fact: health_trend, is_not"),
    ("personal fact", QUALIFICATION, "fact: account.outcome, known", "fact: contact.email, known"),
    (
        "operator that does not fit",
        QUALIFICATION,
        "{fact: account.health_trend, is_not: falling}",
        "{fact: account.health_trend, at_least: 5}",
    ),
    ("unknown value", QUALIFICATION, "is_not: falling", "is_not: faling"),
    (
        "yes without quotes is text, true is not",
        QUALIFICATION,
        '{fact: contact.speaks_publicly, is: "yes"}\n    remedy: Ask',
        "{fact: contact.speaks_publicly, is: true}\n    remedy: Ask",
    ),
    (
        "no instead of false",
        QUALIFICATION,
        "{fact: account.in_dispute, is: false}",
        "{fact: account.in_dispute, is: no}",
    ),
    ("number in quotes", QUALIFICATION, "at_most: 180", 'at_most: "180"'),
    ("single value for a list operator", QUALIFICATION, "none_of: [declined, retired]", "none_of: declined"),
    ("list for a single operator", QUALIFICATION, "is_not: falling", "is_not: [falling]"),
    ("nothing to compare with", QUALIFICATION, "at_most: 180", "at_most:"),
    ("unknown type in a threshold", QUALIFICATION, "{default: 9, call: 8}", "{default: 9, calls: 8}"),
    ("threshold without default", QUALIFICATION, "{default: 9, call: 8}", "{call: 8}"),
    (
        "threshold for a type not asked",
        QUALIFICATION,
        "types: [call]\n    when: {fact: contact.nps, at_least: 9}",
        "types: [call]\n    when: {fact: contact.nps, at_least: {default: 9, logo: 10}}",
    ),
    ("unknown type", QUALIFICATION, "types: [call]", "types: [cal]"),
    ("type not in a list", QUALIFICATION, "types: [call]", "types: call"),
    ("unknown weight", QUALIFICATION, "weight: caution\n    types", "weight: warning\n    types"),
    (
        "misspelt weight",
        QUALIFICATION,
        "weight: hard\n    when: {fact: account.health_score",
        "weight: Hard\n    when: {fact: account.health_score",
    ),
    (
        "points missing",
        QUALIFICATION,
        "    points: 20\n    when: {fact: account.outcome",
        "    when: {fact: account.outcome",
    ),
    (
        "points on a hard criterion",
        QUALIFICATION,
        "weight: hard\n    when: {fact: account.health_score",
        "weight: hard\n    points: 5\n    when: {fact: account.health_score",
    ),
    (
        "too many points",
        QUALIFICATION,
        "points: 20\n    when: {fact: account.outcome",
        "points: 30\n    when: {fact: account.outcome",
    ),
    ("id twice", QUALIFICATION, "id: health_sustained", "id: health_level"),
    ("id with spaces", QUALIFICATION, "id: health_sustained", "id: Health sustained"),
    ("id of a built-in criterion", QUALIFICATION, "id: health_sustained", "id: consent"),
    ("remedy forgotten", QUALIFICATION, "    remedy: Ask again after go-live.\n", ""),
    ("condition is text", QUALIFICATION, "when: {fact: tenure_months, at_least: 6}", "when: tenure_months >= 6"),
    (
        "empty list of conditions",
        QUALIFICATION,
        "{fact: days_to_renewal, above: 30}",
        "{any: []}",
    ),
    (
        "scored per type",
        QUALIFICATION,
        "{fact: tenure_months, at_least: 24}",
        "{fact: tenure_months, at_least: {default: 24, call: 12}}",
    ),
    (
        "type in the candidate rule",
        QUALIFICATION,
        "      - {fact: outcome_age_days, at_most: 365}",
        "      - {fact: type_approved, is: true}",
    ),
    ("weights do not sum", MATCHING, "industry: 25", "industry: 30"),
    ("weight forgotten", MATCHING, "strength: 10}", "strenght: 10}"),
    ("price that falls", MATCHING, "first: 0", "first: 30"),
    ("sizes that fall", MATCHING, "medium: 200", "medium: 2000"),
    ("number out of bounds", MATCHING, "slate_size: 5", "slate_size: 0"),
    ("fraction of a day", MATCHING, "reserve_business_days: 7", "reserve_business_days: 7.5"),
    ("text instead of a number", TOLERANCE, "limit: 2", "limit: two"),
    ("window of nothing", TOLERANCE, "window_days: 90, own_limit: profile", "window_days: 0, own_limit: profile"),
    ("unknown own limit", TOLERANCE, "profile.max_calls_quarter", "profile.max_call_quarter"),
    ("own limit of a contact", TOLERANCE, "profile.max_calls_quarter", "contact.nps"),
    (
        "one unknown own limit of two",
        TOLERANCE,
        "own_limit: profile.max_calls_quarter",
        "own_limit: [profile.max_calls_quarter, account.max_call_quarter]",
    ),
    ("own limit that is a number", TOLERANCE, "own_limit: profile.max_calls_quarter", "own_limit: 3"),
    ("own limit of no field", TOLERANCE, "own_limit: profile.max_calls_quarter", "own_limit: []"),
    ("own limit that is no number", TOLERANCE, "profile.max_calls_quarter", "profile.pause_reason"),
    ("cap counts an unknown type", TOLERANCE, "counts: [call]", "counts: [phone]"),
    ("cap counts everything", TOLERANCE, "counts: all, measure: uses", "counts: everything, measure: uses"),
    ("cap per team", TOLERANCE, "per: account", "per: team"),
    ("status forgotten", TOLERANCE, "missed: used, ", ""),
    ("status misspelt", TOLERANCE, "missed: used", "mised: used"),
    ("notice forgotten", LEAD_TIME, "  logo: 15\n", ""),
    ("unknown region", LEAD_TIME, "EMEA: Europe/Berlin", "EMAE: Europe/Berlin"),
    ("unknown time zone", LEAD_TIME, "Europe/Berlin", "Europe/Berln"),
    ("its own substitute", LEAD_TIME, "quote: [logo]", "quote: [quote]"),
    ("unknown substitute", LEAD_TIME, "quote: [logo]", "quote: [logos]"),
    ("unknown status of a grant", CONSENT, "grant_status: [granted]", "grant_status: [grantd]"),
    ("unknown evidence", CONSENT, "requires: [evidence,", "requires: [evidense,"),
    ("use that covers nothing", CONSENT, "  site_visit: [site_visit]\n", ""),
    ("unknown territory", CONSENT, "everywhere: worldwide", "everywhere: world"),
    ("unknown audience", CONSENT, "anyone: [anyone, prospects]", "anyone: [anyone, prospect]"),
    ("days in text", CONSENT, "warnings_days: [60, 30]", "warnings_days: [60 days, 30]"),
    ("unknown route", ESCALATION, "route: legal", "route: lawyer"),
    ("kind forgotten", ESCALATION, "  off_system_use:", "  offsystem_use:"),
    ("unknown mapping", RETENTION, "sync_issue: 13", "sync_issues: 13"),
    ("yes instead of true", RETENTION, "legal_hold_stops_disposal: true", "legal_hold_stops_disposal: yes"),
    ("days forgotten", RETENTION, "runs: 30, ", ""),
    ("criterion nobody can remedy", COVERAGE, "    - nps_fresh", "    - nps_fress"),
    ("type of no deal", COVERAGE, "references_per_deal: {call: 1.2, ", "references_per_deal: {"),
    ("unknown type of a deal", COVERAGE, "references_per_deal: {call: 1.2, ", "references_per_deal: {calls: 1.2, "),
    ("deals that do not rise", COVERAGE, "amount: 250000", "amount: 25000"),
    ("more than every deal", COVERAGE, "share: 0.5", "share: 50"),
    ("more than all", GUARDS, "max_retired_percent: 5", "max_retired_percent: 500"),
    ("a list instead of names", CADENCE, "thank_you_business_days: 1", "- thank_you_business_days"),
    ("reference to nothing", ACCOUNT, "to: account}", "to: acount}"),
    ("reference without to", CONTACT, "type: reference, to: individual", "type: reference"),
    ("to on a text", ACCOUNT, "{field: Name, type: text}", "{field: Name, type: text, to: account}"),
    ("unknown field type", ACCOUNT, "{field: Name, type: text}", "{field: Name, type: string}"),
    ("type forgotten", ACCOUNT, "{field: Name, type: text}", "{field: Name}"),
    (
        "no values",
        PROFILE,
        "type: picklist, owner: worker, values: {Eligible: eligible, Not Eligible: blocked, Unknown: unknown}",
        "type: picklist, owner: worker",
    ),
    ("value of another word", ACCOUNT, "Falling: falling", "Falling: down"),
    ("value that the worker cannot write", PROFILE, "Not Eligible: blocked, ", ""),
    ("value twice", PROFILE, "Unknown: unknown", "Unknown: blocked"),
    ("type without a value", CONSENTS, "Logo: logo", "Logo: logos"),
    (
        "field forgotten",
        CONSENTS,
        "  withdrawn_on: {field: Withdrawn_On__c, type: date, owner: human, safety: true}\n",
        "",
    ),
    ("field renamed", CONSENTS, "  withdrawn_on:", "  withdrawn_at:"),
    (
        "owner stolen",
        CONSENTS,
        "status: {field: Status__c, type: picklist, owner: human",
        "status: {field: Status__c, type: picklist, owner: worker",
    ),
    (
        "safety taken away",
        CONSENTS,
        "{field: Withdrawn_On__c, type: date, owner: human, safety: true}",
        "{field: Withdrawn_On__c, type: date, owner: human}",
    ),
    ("personal taken away", CONTACT, "{field: Email, type: text, personal: true}", "{field: Email, type: text}"),
    ("transform taken away", CONTACT, "type: text, transform: email_key", "type: text"),
    ("another type", CONSENTS, "{field: Valid_To__c, type: date", "{field: Valid_To__c, type: text"),
    ("another reference", CONSENTS, "type: reference, to: contact", "type: reference, to: account"),
    (
        "owner of a new field",
        ACCOUNT,
        "  outcome_on:",
        "  renewals: {field: Renewals__c, type: number, owner: worker}\n  outcome_on:",
    ),
    ("same field twice", ACCOUNT, "field: Region__c", "field: Product__c"),
    ("key that is no field", MATCH, "key: External_Key__c\n", "key: Externl_Key__c\n"),
    (
        "owner key without a key",
        ACCOUNT,
        "{field: Business_Outcome_On__c, type: date, owner: human",
        "{field: Business_Outcome_On__c, type: date, owner: human_after_create",
    ),
    ("no id", ACCOUNT, "  id: {field: Id}\n", ""),
    ("id of a type", ACCOUNT, "  id: {field: Id}\n", "  id: {field: Id, type: text}\n"),
    ("id elsewhere", ACCOUNT, "  id: {field: Id}\n", "  id: {field: Id__c}\n"),
    (
        "what is always read",
        ACCOUNT,
        "  outcome_on:",
        "  changed_at: {field: SystemModstamp, type: datetime}\n  outcome_on:",
    ),
    ("API name with a space", ACCOUNT, "field: Health_Score__c", "field: Health Score"),
    ("same object twice", ACCOUNT, "object: Account", "object: Contact"),
    (
        "text where a group belongs",
        QUALIFICATION,
        "candidates:\n  potential:\n    any:\n      - {fact: outcome_age_days, at_most: 365}\n      - {fact: contact.nps, at_least: 10}\n      - {fact: account.health_score, at_least: 90}",
        "candidates: everybody",
    ),
    ("number where text belongs", QUALIFICATION, "text: The product is in production", "text: 5"),
    ("text too long", QUALIFICATION, "text: The product is in production", "text: " + "long " * 41 + "text"),
    ("text empty", QUALIFICATION, "text: The product is in production", 'text: ""'),
    (
        "date of another country",
        QUALIFICATION,
        "{fact: account.outcome, known: true}",
        "{fact: account.outcome_on, after: 31.12.2026}",
    ),
    ("maybe known", QUALIFICATION, "{fact: account.outcome, known: true}", "{fact: account.outcome, known: maybe}"),
    ("number for a picklist", QUALIFICATION, "is_not: falling", "is_not: 3"),
    (
        "date as a number",
        QUALIFICATION,
        "{fact: account.outcome, known: true}",
        "{fact: account.outcome_on, after: 2026}",
    ),
    ("operator for a link", QUALIFICATION, "{fact: account.outcome, known: true}", "{fact: account.owner, is: me}"),
    (
        "operator for several values",
        QUALIFICATION,
        "{fact: account.outcome, known: true}",
        "{fact: profile.languages, is: German}",
    ),
    ("unknown value in a list", QUALIFICATION, "one_of: [none, watch]", "one_of: [none, wach]"),
    ("cooldown after an unknown type", TOLERANCE, "after: [case_study, quote]", "after: [case_study, quotes]"),
    ("first ask of an unknown type", LEAD_TIME, "first_ask:\n  call: 10", "first_ask:\n  cal: 10"),
    ("true for a number", TOLERANCE, "limit: 2,", "limit: true,"),
    ("number forgotten", CADENCE, "check_in_days: 90", "check_in_days:"),
    ("cap id twice", TOLERANCE, "id: calls_year", "id: calls_quarter"),
    ("cooldown id twice", TOLERANCE, "id: after_big_ask", "id: after_call"),
    (
        "stamp without a worker field",
        ACCOUNT,
        "  outcome_on:",
        "  seen: {field: Seen__c, type: date, owner: stamp}\n  outcome_on:",
    ),
    (
        "personal and owned by the worker",
        CONTACT,
        "{field: Phone, type: text, personal: true}",
        "{field: Phone, type: text, personal: true, owner: worker}",
    ),
    (
        "personal and safety",
        CONTACT,
        "{field: Phone, type: text, personal: true}",
        "{field: Phone, type: text, personal: true, safety: true}",
    ),
    (
        "transform of a written field",
        CONSENTS,
        "{field: Text_Version__c, type: text, owner: human",
        "{field: Text_Version__c, type: text, transform: email_key, owner: human",
    ),
    (
        "transform of a date",
        CONSENTS,
        "{field: Valid_To__c, type: date",
        "{field: Valid_To__c, transform: email_key, type: date",
    ),
    (
        "words for a number that the worker writes",
        PROFILE,
        "{field: Strength__c, type: number, owner: worker}",
        "{field: Strength__c, type: number, owner: worker, values: {High: 90}}",
    ),
    ("values for a text", ACCOUNT, "{field: Name, type: text}", "{field: Name, type: text, values: {A: a}}"),
    (
        "key of a human field",
        MATCH,
        "{field: External_Key__c, type: text, owner: key}",
        "{field: External_Key__c, type: text, owner: human}",
    ),
    (
        "an empty map of values",
        PROFILE,
        "values: {Eligible: eligible, Not Eligible: blocked, Unknown: unknown}",
        "values: {}",
    ),
    ("field name with a capital", ACCOUNT, "  outcome_on:", "  outcomeOn:"),
    ("broken YAML", QUALIFICATION, "text: The product is in production", "text: The product: in production"),
]

Edit = tuple[str, str, str]


@pytest.fixture(scope="module")
def told_after(shipped: Mapping[str, Source]) -> Callable[..., tuple[Mistake, ...]]:
    """Tell the mistakes after the first `old` in each of some files was replaced by `new`."""

    def told(*edits: Edit) -> tuple[Mistake, ...]:
        sources: dict[str, Source] = dict(shipped)
        found: list[Mistake] = []
        texts = {file: (ROOT / file).read_text(encoding="utf-8") for file, _, _ in edits}
        for file, old, new in edits:
            assert old in texts[file], f"{file} no longer says {old!r}"
            texts[file] = texts[file].replace(old, new, 1)
        for file, text in texts.items():
            del sources[file.removesuffix(".yaml")]
            try:
                root = read(text.encode(), file)
                sources[file.removesuffix(".yaml")] = Source(file, root)
            except ConfigurationError as error:
                found += error.mistakes
        with pytest.raises(ConfigurationError) as caught:
            program_of(sources, found)
        return caught.value.mistakes

    return told


def golden() -> dict[str, list[str]]:
    pages: dict[str, list[str]] = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            pages[line[2:]] = []
        elif line:
            pages[list(pages)[-1]].append(line)
    return pages


@pytest.mark.parametrize(("slip", "file", "old", "new"), SLIPS, ids=[slip[0] for slip in SLIPS])
def test_the_sentence_for_a_slip(
    told_after: Callable[..., tuple[Mistake, ...]], slip: str, file: str, old: str, new: str
) -> None:
    assert [str(mistake) for mistake in told_after((file, old, new))] == golden()[slip]


def test_the_golden_page_has_no_slip_too_many() -> None:
    assert set(golden()) == {slip[0] for slip in SLIPS}


def test_no_sentence_speaks_of_the_machinery() -> None:
    told = set(re.findall(r"\w+", GOLDEN.read_text(encoding="utf-8").casefold()))
    machinery = {"pydantic", "python", "validator", "validation", "tuple", "dict", "boolean", "integer", "str", "int"}
    assert not told & machinery


def test_all_slips_at_once_are_told_at_once(told_after: Callable[..., tuple[Mistake, ...]]) -> None:
    told = told_after(
        (QUALIFICATION, "at_most: 180", "atmost: 180"),
        (TOLERANCE, "limit: 2", "limit: two"),
        (MATCHING, "industry: 25", "industry: 30"),
        (ACCOUNT, "to: account}", "to: acount}"),
        (LEAD_TIME, "Europe/Berlin", "Europe/Berln"),
    )
    assert [mistake.where.partition(":")[0] for mistake in told] == [
        ACCOUNT,
        LEAD_TIME,
        MATCHING,
        QUALIFICATION,
        TOLERANCE,
    ]


def test_an_entry_that_does_not_fit_does_not_hide_what_is_wrong_with_the_others(
    told_after: Callable[..., tuple[Mistake, ...]],
) -> None:
    told = told_after(
        (QUALIFICATION, "at_most: 180", "atmost: 180"),
        (QUALIFICATION, "fact: account.health_trend, is_not: falling", "fact: account.health_trend, is_not: faling"),
        (QUALIFICATION, "fact: account.product,", "fact: account.prodct,"),
        (ACCOUNT, "Health_Score__c, type: number", "Health_Score__c, type: numbr"),
        (ACCOUNT, "Renewal_Date__c, type: date, safety: true", "Renewal_Date__c, type: date"),
        (ACCOUNT, "in_dispute:", "in_dispte:"),
    )
    assert [(mistake.where.partition(":")[0], mistake.nearest) for mistake in told] == [
        (ACCOUNT, None),
        (ACCOUNT, "number"),
        (ACCOUNT, None),
        (QUALIFICATION, "falling"),
        (QUALIFICATION, "at_most"),
        (QUALIFICATION, "account.product"),
        (QUALIFICATION, "account.in_dispte"),
    ]


def test_a_limits_field_that_does_not_fit_is_told_once_where_it_stands(
    told_after: Callable[..., tuple[Mistake, ...]],
) -> None:
    told = told_after(
        (ACCOUNT, "Max_Reference_Calls_Quarter__c, type: number", "Max_Reference_Calls_Quarter__c, type: numbr")
    )
    assert [(mistake.where.partition(":")[0], mistake.nearest) for mistake in told] == [(ACCOUNT, "number")]


def test_a_file_of_which_no_entry_fits_is_left_out_whole(shipped: Mapping[str, Source]) -> None:
    text = "object: Holiday\nabout: Closed.\nkey: null\nfields:\n  id: {field: Id, typ: id}\n"
    source = Source("mappings/holiday.yaml", read(text.encode(), "mappings/holiday.yaml"))
    with pytest.raises(ConfigurationError) as caught:
        program_of({**shipped, "mappings/holiday": source})
    assert [(mistake.where, mistake.nearest) for mistake in caught.value.mistakes] == [
        ("mappings/holiday.yaml:5", "type")
    ]
