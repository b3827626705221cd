"""What is checked and worked out when a record is saved."""

import pytest


@pytest.fixture
def account(api):
    return api.create("Account", Name="Saved")


@pytest.mark.parametrize(
    ("name", "body", "code", "message", "fields"),
    [
        ("Contact", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]),
        (
            "Opportunity",
            {"Name": "x"},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [StageName, CloseDate]",
            ["StageName", "CloseDate"],
        ),
        (
            "Account",
            {"Name": "x" * 256},
            "STRING_TOO_LONG",
            f"Account Name: data value too large: {'x' * 256} (max length=255)",
            ["Name"],
        ),
        ("Account", {"Nome": "x"}, "INVALID_FIELD", "No such column 'Nome' on sobject of type Account", []),
        (
            "Account",
            {"Name": "x", "CreatedDate": "2020-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            (
                "Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that"
                " it is read/write for your profile or permission set."
            ),
            ["CreatedDate"],
        ),
        (
            "Account",
            {"Name": "x", "Id": "001Lo0000000001"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "cannot specify Id in an insert call",
            ["Id"],
        ),
        (
            "Account",
            {"Name": "x", "Churn_Risk__c": "Boundless"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Churn Risk: bad value for restricted picklist field: Boundless",
            ["Churn_Risk__c"],
        ),
        (
            "Contact",
            {"LastName": "x", "Email": "not an address"},
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: not an address",
            ["Email"],
        ),
        ("Contact", {"LastName": "x", "NPS_Score__c": 100}, "NUMBER_OUTSIDE_VALID_RANGE", None, ["NPS_Score__c"]),
        ("Contact", {"LastName": "x", "AccountId": "nonsense"}, "MALFORMED_ID", None, ["AccountId"]),
        (
            "Contact",
            {"LastName": "x", "AccountId": "001Lo0000zzzzzz"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ["AccountId"],
        ),
        (
            "Contact",
            {"LastName": "x", "AccountId": "00D000000000000EAA"},
            "FIELD_INTEGRITY_EXCEPTION",
            None,
            ["AccountId"],
        ),
        ("Event", {"Subject": "x"}, "REQUIRED_FIELD_MISSING", None, ["DurationInMinutes"]),
    ],
)
def test_refusals_in_salesforces_words(api, name, body, code, message, fields):
    reply = api.post(f"sobjects/{name}", body)
    assert reply.status_code == 400, reply.text
    error = reply.json()[0]
    assert list(error) == ["message", "errorCode", "fields"]
    assert (error["errorCode"], error["fields"]) == (code, fields)
    assert message is None or error["message"] == message


@pytest.mark.parametrize(
    ("body", "start"),
    [
        ({"NumberOfEmployees": "many"}, "Cannot deserialize instance of integer from VALUE_STRING value many"),
        ({"NumberOfEmployees": 1.5}, "Cannot deserialize instance of integer from VALUE_NUMBER_FLOAT value 1.5"),
        ({"Renewal_Date__c": "2026-13-01"}, "Cannot deserialize instance of date from VALUE_STRING value 2026-13-01"),
        ({"In_Dispute__c": 1}, "Cannot deserialize instance of boolean from VALUE_NUMBER_INT value 1"),
        ({"Site": ["a"]}, "Cannot deserialize instance of string from START_ARRAY"),
    ],
)
def test_values_of_the_wrong_kind(api, body, start):
    reply = api.post("sobjects/Account", {"Name": "x", **body})
    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert reply.json()[0]["message"].startswith(start)


def test_the_id_cannot_be_changed(api, account):
    reply = api.patch(f"sobjects/Account/{account}", {"Id": account})
    assert reply.json()[0]["message"] == "The Id field should not be specified in the sobject data."


def test_unique_values_name_the_other_record_by_15_characters(api):
    first = api.create("Sync_Issue__c", External_Key__c="only-once")
    error = api.post("sobjects/Sync_Issue__c", {"External_Key__c": "only-once"}).json()[0]
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert error["message"] == (
        f"duplicate value found: External_Key__c duplicates value on record with id: {first[:15]}"
    )


def test_a_reference_to_a_deleted_record_is_refused(api, account):
    api.delete(f"sobjects/Account/{account}")
    error = api.post("sobjects/Contact", {"LastName": "x", "AccountId": account}).json()[0]
    assert error["errorCode"] == "ENTITY_IS_DELETED"


def test_values_are_normalised(api):
    record_id = api.create(
        "Reference_Profile__c",
        Languages__c="German;English",
        Notice_Days__c=2.5,
        Paused__c="true",
        Strength__c=12.345,
        Evaluated_At__c="2026-11-20T13:30:15.987+01:30",
        Title__c="  Chief  ",
    )
    row = api.row("Reference_Profile__c", record_id)
    assert row["Languages__c"] == "English;German"
    assert (row["Notice_Days__c"], row["Strength__c"], row["Paused__c"]) == (3.0, 12.3, True)
    assert (row["Evaluated_At__c"], row["Title__c"]) == ("2026-11-20T12:00:15.000+0000", "Chief")


FIELD = """<CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>{name}</fullName><label>L</label>
<type>{type}</type>{more}<defaultValue>{default}</defaultValue></CustomField>"""


def test_defaults_can_be_formulas(api):
    fields = {
        "Day__c": ("Date", "TODAY() + 7", ""),
        "Text__c": ("Text", "&quot;plain&quot;", "<length>20</length>"),
        "Made__c": ("Text", "UPPER(Company)", "<length>20</length>"),
        "Odd__c": ("Text", "UNKNOWN(Company)", "<length>20</length>"),
    }
    files = {
        f"objects/Lead/fields/{name}.field-meta.xml": FIELD.format(name=name, type=t, default=default, more=more)
        for name, (t, default, more) in fields.items()
    }
    api.control("POST", "metadata", {"files": files})
    row = api.row("Lead", api.create("Lead", LastName="l", Company="c"))
    assert {name: row[name] for name in fields} == {
        "Day__c": "2026-11-27",
        "Text__c": "plain",
        "Made__c": "C",
        "Odd__c": None,
    }
    given = api.row("Lead", api.create("Lead", LastName="l", Company="c", Day__c=None, Text__c="mine"))
    assert (given["Day__c"], given["Text__c"]) == (None, "mine")
    told = {f["name"]: f for f in api.get("sobjects/Lead/describe").json()["fields"]}
    assert (told["Day__c"]["defaultValueFormula"], told["Day__c"]["defaultedOnCreate"]) == ("TODAY() + 7", True)
    api.control("POST", "metadata", {"remove": list(files)})


def test_auto_numbers_and_defaults(api):
    first = api.row("Reference_Profile__c", api.create("Reference_Profile__c"))
    second = api.row("Reference_Profile__c", api.create("Reference_Profile__c"))
    numbers = [int(r["Name"].removeprefix("RP-")) for r in (first, second)]
    assert numbers[1] == numbers[0] + 1
    assert len(first["Name"]) == len("RP-00000")
    assert first["OwnerId"].startswith("005")
    case = api.row("Case", api.create("Case", Subject="s"))
    assert (case["Status"], case["Priority"], case["IsClosed"]) == ("New", "Medium", False)


def test_derived_fields(api, account):
    contact = api.create("Contact", FirstName="Grace", LastName="Hopper", Salutation="Dr.", AccountId=account)
    assert api.row("Contact", contact)["Name"] == "Grace Hopper"
    deal = api.create("Opportunity", Name="d", StageName="Proposal/Price Quote", CloseDate="2026-12-01", Amount=200)
    row = api.row("Opportunity", deal)
    assert (row["Probability"], row["ExpectedRevenue"], row["IsClosed"], row["FiscalQuarter"]) == (
        75.0,
        150.0,
        False,
        4,
    )
    api.patch(f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = api.row("Opportunity", deal)
    assert (row["Probability"], row["IsClosed"], row["IsWon"], row["ForecastCategoryName"]) == (
        100.0,
        True,
        True,
        "Closed",
    )
    case = api.create("Case", ContactId=contact, Status="Closed")
    row = api.row("Case", case)
    assert (row["AccountId"], row["IsClosed"], row["ClosedDate"]) == (account, True, "2026-11-20T12:00:00.000+0000")
    task = api.create("Task", Subject="t", WhoId=contact, Status="Completed")
    assert (api.row("Task", task)["AccountId"], api.row("Task", task)["IsClosed"]) == (account, True)
    event = api.create("Event", Subject="e", StartDateTime="2026-12-01T09:00:00Z", DurationInMinutes=30, WhatId=account)
    row = api.row("Event", event)
    assert (row["EndDateTime"], row["ActivityDate"], row["AccountId"]) == (
        "2026-12-01T09:30:00.000+0000",
        "2026-12-01",
        account,
    )


def test_inactive_users_cannot_own(api):
    user = api.query("SELECT Id FROM User WHERE Username = 'admin@crm-sync.example'")["records"][0]["Id"]
    api.patch(f"sobjects/User/{user}", {"IsActive": False})
    error = api.post("sobjects/Account", {"Name": "x", "OwnerId": user}).json()[0]
    api.patch(f"sobjects/User/{user}", {"IsActive": True})
    assert error["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_deleting_takes_children_clears_lookups_and_respects_cases(api, account):
    contact = api.create("Contact", LastName="c", AccountId=account)
    profile = api.create("Reference_Profile__c", Contact__c=contact, Account__c=account)
    case = api.create("Case", Subject="s", AccountId=account)
    refused = api.delete(f"sobjects/Account/{account}")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "DELETE_FAILED")
    api.delete(f"sobjects/Case/{case}")
    assert api.delete(f"sobjects/Account/{account}").status_code == 204
    assert api.get(f"sobjects/Contact/{contact}").status_code == 404
    row = api.row("Reference_Profile__c", profile)
    assert (row["Contact__c"], row["Account__c"]) == (None, None)


def test_a_permission_set_is_assigned_to_a_user_once(api):
    user, permission_set = (
        api.query(f"SELECT Id FROM {name} WHERE {key} = '{value}'")["records"][0]["Id"]
        for name, key, value in (
            ("User", "Username", "admin@crm-sync.example"),
            ("PermissionSet", "Name", "Reference_Viewer"),
        )
    )
    body = {"AssigneeId": user, "PermissionSetId": permission_set}
    made = api.post("sobjects/PermissionSetAssignment", body).json()["id"]
    again = api.post("sobjects/PermissionSetAssignment", body)
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "DUPLICATE_VALUE")
    assert again.json()[0]["message"].startswith(f"Duplicate PermissionSetAssignment. Assignee: {user[:15]}")
    assert api.delete(f"sobjects/PermissionSetAssignment/{made}").status_code == 204
    assert api.post("sobjects/PermissionSetAssignment", body).status_code == 201
