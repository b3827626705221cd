"""The package's validation rules are run, unless the user may skip them."""

import pytest


@pytest.fixture
def human(api):
    """The administrator, who has no permission to skip validation."""
    token = api.control("POST", "sessions", {}).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_a_rule_refuses_with_its_own_words(api, human):
    refused = api.post("sobjects/Reference_Profile__c", {"Paused__c": True}, headers=human)
    assert refused.status_code == 400
    error = refused.json()[0]
    assert (error["errorCode"], error["fields"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Pause_Reason__c"])
    assert error["message"]
    fine = api.post("sobjects/Reference_Profile__c", {"Paused__c": True, "Pause_Reason__c": "holiday"}, headers=human)
    assert fine.status_code == 201
    cleared = api.patch(f"sobjects/Reference_Profile__c/{fine.json()['id']}", {"Pause_Reason__c": None}, headers=human)
    assert cleared.status_code == 400


PROOF = {
    "Resolution__c": "We apologised on the phone.",
    "Cause__c": "The invitation was lost.",
    "Corrective_Action__c": "The invitation is sent from the record.",
    "Effectiveness_Check__c": "The next two calls took place.",
    "Closed_On__c": "2026-03-02",
}


@pytest.mark.parametrize("missing", [None, *PROOF])
def test_an_escalation_closes_with_cause_correction_check_and_day_only(api, human, missing):
    escalation = {"External_Key__c": f"k{missing}", "Kind__c": "Missed Commitment", "Status__c": "Open"}
    made = api.post("sobjects/Reference_Escalation__c", escalation, headers=human)
    assert made.status_code == 201, made.text
    closing = {"Status__c": "Closed", **{field: said for field, said in PROOF.items() if field != missing}}
    born_closed = api.post(
        "sobjects/Reference_Escalation__c", escalation | closing | {"External_Key__c": f"b{missing}"}, headers=human
    )
    answer = api.patch(f"sobjects/Reference_Escalation__c/{made.json()['id']}", closing, headers=human)
    assert (answer.status_code, born_closed.status_code) == ((204, 201) if missing is None else (400, 400))


def test_those_who_may_skip_are_not_asked(api):
    assert api.post("sobjects/Reference_Profile__c", {"Paused__c": True}).status_code == 201


def test_every_rule_of_the_package_is_understood(api):
    files = [p for p in api.running.org.files if p.endswith(".validationRule-meta.xml")]
    assert sum(map(len, api.running.org.laws.validation.values())) == len(files) > 0
