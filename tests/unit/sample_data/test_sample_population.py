"""The drawn population is one a program owner would believe: its size, its mix, and a history within the caps."""

from collections import Counter, defaultdict
from datetime import date
from itertools import combinations

EFFORT = {"Sales Call": 1, "Quote": 0.5, "Logo": 0.5, "Recording": 3, "Case Study": 5, "Site Visit": 10}


def about(count, wanted):
    return 0.85 * wanted <= count <= 1.15 * wanted


def test_sizes(records):
    wanted = {
        "User": 40,
        "Account": 1200,
        "Contact": 5000,
        "Opportunity": 930,
        "Case": 700,
        "Reference_Profile__c": 450,
        "Reference_Activity__c": 1400,
        "Reference_Asset__c": 65,
    }
    assert [name for name, count in wanted.items() if not about(len(records[name]), count)] == []
    stages = Counter(row["Stage__c"] for row in records["Reference_Request__c"])
    assert stages["Submitted"] == 60
    assert {"Draft", "On Hold", "Withdrawn", "Closed"} < set(stages)
    assert 40 <= sum("ParentId" in row for row in records["Account"]) <= 60


def test_roles_are_held_by_one_person_each(records):
    roles = Counter(row["Reference_Role__c"] for row in records["User"] if "Reference_Role__c" in row)
    assert roles == {"Program Owner": 1, "Sponsor": 1, "Legal Reviewer": 1, "CS Leader": 1}


def test_every_value_of_status_and_type_occurs(records):
    statuses = {row["Status__c"] for row in records["Reference_Profile__c"]}
    assert statuses == {"Candidate", "Invited", "Active", "Paused", "Declined", "Retired"}
    assert {row["Type__c"] for row in records["Reference_Activity__c"]} == set(EFFORT)
    assert {row["Use__c"] for row in records["Reference_Consent__c"]} == set(EFFORT)
    assert {row.get("Churn_Risk__c") for row in records["Account"]} == {"None", "Watch", "Active", None}


def test_nobody_real_is_in_it(records):
    addresses = [row["Email"] for name in ("Contact", "User") for row in records[name]]
    assert all(address.endswith(".example") for address in addresses)
    companies = [row["Name"] for row in records["Account"]]
    assert len(companies) == len(set(companies))


def drawn_uses(records):
    """Completed uses by contact outside the hard cases, as (day, type)."""
    found = defaultdict(list)
    for row in records["Reference_Activity__c"]:
        if "Completed_On__c" in row and not row["attributes"]["referenceId"].startswith("case_"):
            found[row["Contact__c"]].append((date.fromisoformat(row["Completed_On__c"]), row["Type__c"]))
    return found


def most_within(days, uses, weigh):
    """The largest total of any window of so many days."""
    ends = [day for day, _ in uses]
    return max((sum(weigh(use) for day, use in uses if 0 <= (end - day).days < days) for end in ends), default=0)


def test_the_drawn_history_never_went_over_a_cap(records):
    account_of = {"@" + row["attributes"]["referenceId"]: row["AccountId"] for row in records["Contact"]}
    by_account = defaultdict(list)
    for contact, uses in drawn_uses(records).items():
        by_account[account_of[contact]] += uses
        assert most_within(90, uses, lambda use: use == "Sales Call") <= 2
        assert most_within(182, uses, lambda _: 1) <= 3
        assert most_within(365, uses, EFFORT.get) <= 10
    for uses in by_account.values():
        assert most_within(90, uses, lambda use: use == "Sales Call") <= 3


def test_load_is_uneven_as_it_is_in_life(records):
    counts = sorted((len(uses) for uses in drawn_uses(records).values()), reverse=True)
    top = sum(counts[: len(counts) // 5]) / sum(counts)
    assert 0.3 < top < 0.6


def test_consents_are_dated_sensibly(records):
    for row in records["Reference_Consent__c"]:
        if "Valid_From__c" in row and "Valid_To__c" in row:
            assert row["Valid_From__c"] <= row["Valid_To__c"]
        assert row["Status__c"] != "Withdrawn" or "Withdrawn_On__c" in row


def test_no_two_people_of_ours_share_a_user_name(records):
    names = [row["Username"] for row in records["User"]]
    assert not any(a == b for a, b in combinations(names, 2))
