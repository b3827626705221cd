"""What users may see and do: the API, fields, rows; and how that drifts while the org runs."""

import pytest

from crm_sync.local_org.org import ConnectedApp
from crm_sync.local_org.server import running
from tests.contract.conftest import PACKAGE, Client, sign_in

PERSON = {
    "LastName": "P",
    "Alias": "p",
    "Email": "p@x.example",
    "TimeZoneSidKey": "GMT",
    "LocaleSidKey": "en_US",
    "EmailEncodingKey": "UTF-8",
    "LanguageLocaleKey": "en_US",
}


def user(api, name, profile="Salesforce API Only System Integrations", *sets, **more):
    """Create a user and sign in as them."""
    found = api.query(f"SELECT Id FROM Profile WHERE Name = '{profile}'")["records"][0]["Id"]
    made = api.create("User", **{**PERSON, "Username": name, "ProfileId": found, **more})
    for label in sets:
        held = api.query(f"SELECT Id FROM PermissionSet WHERE Name = '{label}'")["records"][0]["Id"]
        api.create("PermissionSetAssignment", PermissionSetId=held, AssigneeId=made)
    token = api.control("POST", "sessions", {"username": name}).json()["access_token"]
    return Client(api.running, token), made


def test_users_without_the_api_are_refused(api):
    person, made = user(api, "noapi@x.example", "Minimum Access - Salesforce")
    refused = person.get("limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "API_DISABLED_FOR_ORG")
    person.http.close()
    assert made


def test_a_deactivated_user_is_out_at_once(api):
    person, made = user(api, "out@x.example")
    assert person.get("sobjects").status_code == 200
    api.patch(f"sobjects/User/{made}", {"IsActive": False})
    assert person.get("sobjects").status_code == 401
    person.http.close()


def test_limits_are_for_those_who_may_view_the_setup(api):
    person, _ = user(api, "nosetup@x.example")
    refused = person.get("limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "FORBIDDEN")
    assert person.get("limits/recordCount?sObjects=User").status_code == 200
    person.http.close()


@pytest.fixture(scope="module")
def worker():
    """The worker's user, in an org of its own; `admin` beside it."""
    with running(None, PACKAGE, app=ConnectedApp(permission_sets=("Reference_Integration",))) as org:
        client = sign_in(org)
        admin = Client(org, client.control("POST", "sessions", {}).json()["access_token"])
        yield client, admin
        client.http.close()
        admin.http.close()


def test_a_field_permission_can_be_lost_while_the_worker_runs(worker):
    client, admin = worker
    soql = "SELECT Id FROM FieldPermissions WHERE Field = 'Account.Industry' AND Parent.Name = 'Reference_Integration'"
    bit = admin.query(soql)["records"][0]["Id"]
    assert client.query("SELECT Industry FROM Account LIMIT 1")["done"]
    admin.patch(f"sobjects/FieldPermissions/{bit}", {"PermissionsRead": False})
    gone = client.get("query", params={"q": "SELECT Industry FROM Account"})
    assert gone.json()[0]["errorCode"] == "INVALID_FIELD"
    assert "Industry" not in {f["name"] for f in client.get("sobjects/Account/describe").json()["fields"]}


@pytest.fixture
def shared(api):
    """Row-level sharing with private leads and accounts, and a person who may do everything with their own."""
    person, made = user(api, f"share{len(api.query('SELECT Id FROM User')['records'])}@x.example", "Standard User")
    for name in ("Lead", "Account"):
        api.control("POST", "schema", {"object": name, "set": {"sharing": "Private"}})
    api.control("POST", "sharing", {"on": True})
    yield person, made
    api.control("POST", "sharing", {"on": False})
    api.control("DELETE", "schema")
    person.http.close()


def test_sharing_is_off_until_it_is_turned_on(api):
    assert api.running.org.sharing is False


def test_people_see_and_write_what_they_own(api, shared):
    person, made = shared
    mine, theirs = (api.create("Lead", LastName=n, Company="c", **o) for n, o in (("m", {"OwnerId": made}), ("t", {})))
    soql = f"SELECT Id FROM Lead WHERE Id IN ('{mine}', '{theirs}')"
    assert [r["Id"] for r in person.query(soql)["records"]] == [mine]
    assert person.query(soql.replace("SELECT Id", "SELECT COUNT()"))["totalSize"] == 1
    assert api.query(soql)["totalSize"] == 2
    assert person.get(f"sobjects/Lead/{theirs}").status_code == 404
    assert person.get(f"composite/sobjects/Lead?ids={mine},{theirs}&fields=Id").json()[1] is None
    records = [{"attributes": {"type": "Lead"}, "id": i, "Title": "x"} for i in (mine, theirs)]
    results = person.patch("composite/sobjects", {"records": records}).json()
    assert [r["success"] for r in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"


def test_parents_people_may_not_see_are_null(api, shared):
    person, _ = shared
    contact = api.create("Contact", LastName="c", AccountId=api.create("Account", Name="Hidden"))
    found = person.query(f"SELECT AccountId, Account.Name FROM Contact WHERE Id = '{contact}'")["records"][0]
    assert (bool(found["AccountId"]), found["Account"]) == (True, None)


def test_read_only_defaults_let_others_look(api, shared):
    person, _ = shared
    api.control("POST", "schema", {"object": "Lead", "set": {"sharing": "Read"}})
    lead = api.create("Lead", LastName="l", Company="c")
    assert person.get(f"sobjects/Lead/{lead}").status_code == 200
    refused = person.patch(f"sobjects/Lead/{lead}", {"Title": "x"})
    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_what_a_queue_owns_its_members_see(api, shared):
    person, made = shared
    queue = api.create("Group", Name="Q", Type="Queue")
    api.create("QueueSobject", QueueId=queue, SobjectType="Lead")
    lead = api.create("Lead", LastName="q", Company="c", OwnerId=queue)
    soql = f"SELECT Id FROM Lead WHERE Id = '{lead}'"
    assert person.query(soql)["totalSize"] == 0
    api.create("GroupMember", GroupId=queue, UserOrGroupId=made)
    assert person.query(soql)["totalSize"] == 1


def test_messages_come_in_the_users_language_and_codes_do_not(api):
    person, _ = user(api, "de@x.example", "Standard User", LanguageLocaleKey="de")
    errors = [
        person.get("query", params={"q": "nonsense"}).json()[0],
        person.post("sobjects/Lead", {}).json()[0],
        person.post("composite/sobjects", {"records": [{"attributes": {"type": "Lead"}}]}).json()[0]["errors"][0],
        person.get("sobjects/Nothing").json()[0],
    ]
    codes = [e.get("errorCode") or e["statusCode"] for e in errors]
    assert codes == ["MALFORMED_QUERY", "REQUIRED_FIELD_MISSING", "REQUIRED_FIELD_MISSING", "NOT_FOUND"]
    assert all(e["message"].startswith("⟦") and e["message"].endswith("⟧") for e in errors)
    asked = {"method": "GET", "url": "/services/data/v68.0/sobjects/Nothing", "referenceId": "a"}
    body = person.post("composite", {"compositeRequest": [asked]}).json()["compositeResponse"][0]["body"]
    assert body[0]["message"].count("⟦") == 1
    person.http.close()
