"""Every hard case is there under its name, differs from the perfect reference as it says, and is in the README."""

import re

RECORD_OF = re.compile(r"case_[a-z0-9_]+")


def case_records(by_reference, case):
    return [name for name in by_reference if name.startswith(f"case_{case}_")]


def test_every_case_has_records(book, by_reference):
    for case in book["cases"]:
        assert case_records(by_reference, case["case"]), case["case"]


def test_case_names_are_unique_and_every_case_record_belongs_to_one(book, by_reference):
    names = [case["case"] for case in book["cases"]]
    assert len(names) == len(set(names))
    for reference in by_reference:
        if reference.startswith("case_"):
            assert any(reference.startswith(f"case_{name}_") for name in names), reference


def test_expectations_name_records_that_are_there(book, by_reference):
    for case in book["cases"]:
        for expected in case.get("expect", ()):
            hooks = [expected.get("person", "contact")] if "standing" in expected else []
            hooks += [expected[key] for key in ("request", "candidate", "consent", "asset") if key in expected]
            hooks += [*expected.get("never", ()), *expected.get("requests", ())]
            for hook in hooks:
                assert f"case_{case['case']}_{hook}" in by_reference


def test_the_readme_lists_every_case_with_its_records(data_dir, book, by_reference):
    rows = [line for line in (data_dir / "README.md").read_text().splitlines() if line.startswith("| `case_")]
    assert len(rows) == len(book["cases"])
    for case, row in zip(book["cases"], rows, strict=True):
        name, records, outcome = (cell.strip() for cell in row.strip("|").split(" | "))
        assert name.strip("`") == f"case_{case['case']}"
        assert outcome == case["outcome"]
        for record in re.findall(r"`(\w+)`", records):
            assert f"case_{case['case']}_{record}" in by_reference


def test_people_of_different_cases_are_different_persons(book, by_reference):
    seen = {}
    for reference, record in by_reference.items():
        if "Email" not in record or record["attributes"]["type"] != "Contact":
            continue
        mailbox, _, domain = record["Email"].lower().partition("@")
        key = f"{mailbox.partition('+')[0]}@{domain}"
        case = next((c["case"] for c in book["cases"] if reference.startswith(f"case_{c['case']}_")), reference)
        assert seen.setdefault(key, case) == case, record["Email"]


def test_duplicates_are_one_person_in_the_way_the_case_says(by_reference):
    for case in ("duplicate_opted_out", "cap_through_second_account"):
        one, other = (by_reference[f"case_{case}_{name}"] for name in ("contact", "other_contact"))
        assert one["IndividualId"] == other["IndividualId"]
        assert one["AccountId"] != other["AccountId"]
    for case in ("duplicate_email_opted_out", "cap_through_same_mailbox"):
        one, other = (by_reference[f"case_{case}_{name}"] for name in ("contact", "other_contact"))
        assert one["Email"] != other["Email"].lower()
        assert one["Email"] == re.sub(r"\+\w+", "", other["Email"].lower())


def test_competitors_share_a_set_and_sisters_a_parent(by_reference):
    prospect = by_reference["case_competitor_same_set_prospect"]
    assert prospect["Competitive_Set__c"] == by_reference["case_competitor_same_set_account"]["Competitive_Set__c"]
    account = by_reference["case_competitor_through_parent_account"]
    parent, rival = by_reference[account["ParentId"][1:]], by_reference["case_competitor_through_parent_prospect"]
    assert "Competitive_Set__c" not in account
    assert parent["Competitive_Set__c"] == rival["Competitive_Set__c"]
    sister = by_reference["case_prospect_is_sister_company_prospect"]
    assert sister["ParentId"] == by_reference["case_prospect_is_sister_company_account"]["ParentId"]


def test_nobody_speaks_italian_and_one_person_dutch(records):
    spoken = [row["Languages__c"].split(";") for row in records["Reference_Profile__c"] if "Languages__c" in row]
    assert not any("Italian" in languages for languages in spoken)
    assert sum("Dutch" in languages for languages in spoken) == 1


def test_hostile_names_are_kept_as_they_are(by_reference):
    assert by_reference["case_name_with_quotes_contact"]["LastName"] == 'O\'Brien "The \\ Slash"'
    assert by_reference["case_name_null_contact"]["LastName"] == "NULL"
    assert by_reference["case_name_right_to_left_contact"]["LastName"] == "الحداد"
    assert by_reference["case_name_emoji_contact"]["LastName"] == "🚀👩🏽‍🔧"
    assert by_reference["case_name_formula_account"]["Name"].startswith("=HYPERLINK(")
    assert len(by_reference["case_name_longest_account"]["Name"]) == 255
