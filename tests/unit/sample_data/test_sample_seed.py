"""Seeding fills an empty org over HTTP: every record, references resolved, dates moved, the last steps done."""

import json
from datetime import date, timedelta

import pytest
import requests

from crm_sync.local_org.seed import SeedError, seed
from crm_sync.local_org.server import running

TODAY = date(2027, 3, 6)


def signed_in(org):
    credentials = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    return requests.post(f"{org.base_url}/services/oauth2/token", data=credentials, timeout=10).json()["access_token"]


@pytest.fixture(scope="module")
def seeded(data_dir):
    """A seeded org: how to ask it, what the seeder counted, what it told on the way."""
    with running(None, data_dir.parent) as org:
        token, told = signed_in(org), []
        counts = seed(org.base_url, token, data_dir, TODAY, lambda *step: told.append(step))

        def query(soql):
            answer = requests.get(
                f"{org.base_url}/services/data/v66.0/query",
                params={"q": soql},
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
            )
            return answer.json()["records"]

        yield query, counts, told


def test_every_record_is_there(seeded, records):
    query, counts, _ = seeded
    assert counts.records == {name: len(rows) for name, rows in records.items()}
    assert counts.total == sum(map(len, records.values()))
    for name in ("Account", "Contact", "Reference_Activity__c", "Reference_Request__c"):
        assert query(f"SELECT COUNT(Id) n FROM {name}")[0]["n"] == len(records[name])


def test_references_are_resolved(seeded):
    query, counts, _ = seeded
    found = query(
        f"SELECT AccountId, Account.Owner.Name FROM Contact WHERE Id = '{counts.ids['case_perfect_contact']}'"
    )[0]
    assert found["AccountId"] == counts.ids["case_perfect_account"]
    assert found["Account"]["Owner"]["Name"]


def test_dates_are_moved_and_holidays_are_not(seeded):
    query, counts, _ = seeded
    consent = counts.ids["case_consent_expired_yesterday_consent_sales_call"]
    assert query(f"SELECT Valid_To__c FROM Reference_Consent__c WHERE Id = '{consent}'")[0]["Valid_To__c"] == str(
        TODAY - timedelta(days=1)
    )
    assert {row["ActivityDate"][5:] for row in query("SELECT ActivityDate FROM Holiday")} == {
        "01-01",
        "05-01",
        "12-25",
        "12-26",
    }


def test_profiles_carry_their_contacts_id_as_key(seeded):
    query, _, _ = seeded
    profiles = query("SELECT External_Key__c, Contact__c FROM Reference_Profile__c")
    assert all(row["External_Key__c"] == row["Contact__c"] for row in profiles)


def test_the_owner_who_left_is_inactive_but_still_owns(seeded):
    query, counts, _ = seeded
    assert [row["Id"] for row in query("SELECT Id FROM User WHERE IsActive = false")] == [counts.ids["user_inactive"]]
    assert query(f"SELECT Id FROM Account WHERE OwnerId = '{counts.ids['user_inactive']}'")


def test_hostile_names_survive(seeded, by_reference):
    query, counts, _ = seeded
    for case in ("name_with_quotes", "name_null", "name_emoji", "name_right_to_left", "name_formula", "name_markup"):
        found = query(f"SELECT LastName FROM Contact WHERE Id = '{counts.ids[f'case_{case}_contact']}'")[0]
        assert found["LastName"] == by_reference[f"case_{case}_contact"]["LastName"]


def test_progress_is_told_up_to_the_end(seeded):
    _, counts, told = seeded
    done = [step[1] for step in told]
    assert done == sorted(done)
    assert told[0][0] == "User"
    assert told[-1][1:] == (counts.total, counts.total)


@pytest.fixture
def small(tmp_path):
    """A data folder with one account; tests spoil it."""
    account = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Sandgrove Mills"}
    (tmp_path / "anchor.json").write_text(
        '{"anchor": "2026-01-15", "calendar_dates": [], "lookups": {}, "afterwards": []}'
    )
    (tmp_path / "users-plan.json").write_text("[]")
    (tmp_path / "plan.json").write_text('[{"sobject": "Account", "files": ["one.json"]}]')

    def write(**changed):
        (tmp_path / "one.json").write_text(json.dumps({"records": [account | changed]}, separators=(",", ":")))
        return tmp_path

    return write


@pytest.fixture(scope="module")
def empty_org(data_dir):
    with running(None, data_dir.parent) as org:
        yield org.base_url, signed_in(org)


def test_a_refused_record_is_named_with_the_reason(small, empty_org):
    with pytest.raises(SeedError, match=r"one\.json was refused.*record a: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        seed(*empty_org, small(Region__c="Atlantis"), TODAY)


def test_an_unknown_reference_is_named(small, empty_org):
    with pytest.raises(SeedError, match=r"one\.json refers to nobody, which is not loaded before it"):
        seed(*empty_org, small(ParentId="@nobody"), TODAY)


def test_an_unknown_object_is_refused_in_the_orgs_words(small, empty_org):
    folder = small()
    (folder / "plan.json").write_text('[{"sobject": "Acount", "files": ["one.json"]}]')
    with pytest.raises(SeedError, match=r"NOT_FOUND"):
        seed(*empty_org, folder, TODAY)


def test_a_lookup_without_answer_is_named(small, empty_org):
    folder = small()
    (folder / "anchor.json").write_text(
        json.dumps(
            {
                "anchor": "2026-01-15",
                "calendar_dates": [],
                "afterwards": [],
                "lookups": {"p": "SELECT Id FROM Profile WHERE Name = 'X'"},
            }
        )
    )
    with pytest.raises(SeedError, match=r"answered nothing to .*Profile"):
        seed(*empty_org, folder, TODAY)


def test_a_last_step_that_fails_is_named(small, empty_org):
    folder = small()
    step = {"sobject": "Account", "record": "a", "set": "Renewal_Date__c", "to": "soon"}
    (folder / "anchor.json").write_text(
        json.dumps({"anchor": "2026-01-15", "calendar_dates": [], "lookups": {}, "afterwards": [step]})
    )
    with pytest.raises(SeedError, match=r"Account could not be finished \(Renewal_Date__c\)"):
        seed(*empty_org, folder, TODAY)
