"""SOAP login and metadata deployment, as simple-salesforce and sf call them."""

import base64
import io
import zipfile

import pytest
import requests
from lxml import etree
from simple_salesforce import SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELD = "<fields><fullName>Added__c</fullName><label>Added</label><type>Text</type><length>10</length></fields>"


def test_login_as_simple_salesforce_does_it(api):
    token, host = SalesforceLogin(
        username=api.running.username,
        password=api.running.client_secret,
        security_token="anything",
        scratch_url=api.base,
        sf_version="59.0",
    )
    assert host == api.base.removeprefix("http://")
    assert api.get("limits", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    ("version", "password", "code"),
    [("59.0", "wrong", "INVALID_LOGIN"), ("65.0", None, "UNSUPPORTED_API_VERSION")],
)
def test_login_refusals(api, version, password, code):
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        SalesforceLogin(
            username=api.running.username,
            password=password or api.running.client_secret,
            security_token="",
            scratch_url=api.base,
            sf_version=version,
        )
    assert caught.value.code == code


def soap(api, path, body, session_id=""):
    envelope = (
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header><SessionHeader>'
        f"<sessionId>{session_id}</sessionId></SessionHeader></se:Header><se:Body>{body}</se:Body></se:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    reply = requests.post(f"{api.base}/services/Soap/{path}", data=envelope, headers=headers, timeout=10)
    return reply.status_code, etree.fromstring(reply.content)


def test_login_to_the_enterprise_api_and_a_closed_door(api):
    body = f"<login><username>{api.running.username}</username><password>{api.running.client_secret}</password></login>"
    status, root = soap(api, "c/60.0", body)
    assert (status, "/services/Soap/c/60.0/00D" in root.findtext(".//{*}serverUrl")) == (200, True)
    assert root.find(".//{*}roleId").get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    api.control("POST", "logins", {"soap": False})
    status, root = soap(api, "u/60.0", body)
    assert (status, root.findtext(".//{*}exceptionCode")) == (500, "INVALID_OPERATION")
    api.control("POST", "logins", {"soap": True})


def test_user_info_logout_and_dead_sessions(api):
    status, root = soap(api, "u/62.0", "<getUserInfo/>", api.token)
    assert (status, root.findtext(".//{*}userName")) == (200, api.running.username)
    assert soap(api, "u/62.0", "<logout/>", api.token)[0] == 200
    status, root = soap(api, "u/62.0", "<getUserInfo/>", api.token)
    assert (status, root.findtext(".//faultcode")) == (500, "sf:INVALID_SESSION_ID")


def test_calls_that_are_not_implemented_say_so(api):
    for path, body in (
        ("u/62.0", "<convertLead/>"),
        ("c/62.0", "<query/>"),
        ("m/62.0", "<readMetadata/>"),
        ("s/62.0", "<executeAnonymous/>"),
    ):
        status, root = soap(api, path, body, api.token)
        assert status == 501
        assert "does not implement" in root.findtext(".//faultstring")


def archive(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("package.xml", f"<Package {NS}><version>63.0</version></Package>")
        for path, content in files.items():
            made.writestr(path.replace("_SLASH_", "/").replace("_DOT_", "."), content)
    return packed.getvalue()


def with_field(field=FIELD):
    return archive(objects_SLASH_Account_DOT_object=f"<CustomObject {NS}>{field}</CustomObject>")


def deploy(api, content, **options):
    sent = "".join(f"<{k}>{v}</{k}>" for k, v in options.items())
    body = f"<deploy {NS}><ZipFile>{base64.b64encode(content).decode()}</ZipFile><DeployOptions>{sent}</DeployOptions></deploy>"
    _, root = soap(api, "m/63.0", body, api.token)
    deployment = root.findtext(".//{*}id")
    _, root = soap(
        api,
        "m/63.0",
        f"<checkDeployStatus {NS}><asyncProcessId>{deployment}</asyncProcessId><includeDetails>true</includeDetails>"
        "</checkDeployStatus>",
        api.token,
    )
    return root.find(".//{*}result")


def test_a_deployed_field_can_be_written_at_once(api):
    checked = deploy(api, with_field(), checkOnly="true")
    assert checked.findtext("{*}status") == "Succeeded"
    assert api.post("sobjects/Account", {"Name": "x", "Added__c": "y"}).status_code == 400
    done = deploy(api, with_field())
    assert (done.findtext("{*}done"), done.findtext("{*}success")) == ("true", "true")
    assert done.findtext(".//{*}componentSuccesses/{*}fullName") == "Account.Added__c"
    account = api.create("Account", Name="x", Added__c="y")
    assert api.query(f"SELECT Added__c FROM Account WHERE Id = '{account}'")["records"][0]["Added__c"] == "y"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (with_field("<fields>"), "Opening and ending tag mismatch"),
        (
            with_field("<fields><fullName>X__c</fullName><type>Hologram</type></fields>"),
            "type 'Hologram' is not supported",
        ),
        (
            archive(
                permissionsets_SLASH_P_DOT_permissionset=f"<PermissionSet {NS}><label>P</label><fieldPermissions>"
                "<field>Account.Nothing__c</field><readable>true</readable></fieldPermissions></PermissionSet>"
            ),
            "In field: field - no CustomField named Account.Nothing__c found",
        ),
        (b"no zip", "The archive cannot be read"),
    ],
)
def test_a_faulty_package_changes_nothing(api, content, problem):
    before = api.get("sobjects/Account/describe").json()
    done = deploy(api, content)
    assert done.findtext("{*}status") == "Failed"
    assert problem in done.findtext(".//{*}componentFailures/{*}problem")
    assert api.get("sobjects/Account/describe").json() == before


def test_permission_sets_are_deployed_and_assigned(api):
    content = archive(
        permissionsets_SLASH_Reader_DOT_permissionset=f"<PermissionSet {NS}><label>Reader</label><objectPermissions>"
        "<object>Lead</object><allowRead>true</allowRead></objectPermissions></PermissionSet>",
        layouts_SLASH_L_DOT_layout="<Layout/>",
    )
    done = deploy(api, content)
    assert done.findtext("{*}success") == "true"
    assert any("keeps this component" in (p.text or "") for p in done.iterfind(".//{*}problem"))
    found = api.query("SELECT Id, Label FROM PermissionSet WHERE Name = 'Reader'")["records"][0]
    profile = api.query("SELECT Id FROM Profile WHERE Name = 'Salesforce API Only System Integrations'")["records"][0][
        "Id"
    ]
    user = api.create(
        "User",
        Username="reader@x.example",
        LastName="R",
        Email="r@x.example",
        Alias="r",
        TimeZoneSidKey="GMT",
        LocaleSidKey="en_US",
        EmailEncodingKey="UTF-8",
        LanguageLocaleKey="en_US",
        ProfileId=profile,
    )
    token = api.control("POST", "sessions", {"username": "reader@x.example"}).json()["access_token"]
    as_reader = {"Authorization": f"Bearer {token}"}
    assert api.get("sobjects/Lead/describe", headers=as_reader).status_code == 404
    api.create("PermissionSetAssignment", PermissionSetId=found["Id"], AssigneeId=user)
    assert api.get("sobjects/Lead/describe", headers=as_reader).status_code == 200
    assert api.get("query", params={"q": "SELECT Id FROM Lead"}, headers=as_reader).status_code == 200
    refused = api.post("metadata/deployRequest", headers=as_reader, files=None)
    assert refused.status_code == 403


def test_rest_deployment(api):
    files = {
        "entity_content": (None, '{"deployOptions": {"checkOnly": true}}', "application/json"),
        "file": ("package.xml", with_field(), "application/zip"),
    }
    made = api.call("POST", "metadata/deployRequest", files=files)
    assert made.status_code == 201
    assert made.json()["deployResult"]["status"] == "Pending"
    told = api.get(f"metadata/deployRequest/{made.json()['id']}?includeDetails=true").json()["deployResult"]
    assert (told["status"], told["checkOnly"], told["numberComponentErrors"]) == ("Succeeded", True, 0)
    assert told["details"]["componentSuccesses"][0]["fullName"] == "Account.Added__c"


def test_tooling_queries_have_their_extras(api):
    told = api.get("tooling/query", params={"q": "SELECT Id FROM Organization"}).json()
    assert (told["size"], told["entityTypeName"], told["queryLocator"], told["done"]) == (1, "Organization", None, True)
    assert api.get("tooling/sobjects/SourceMember/describe").status_code == 404
    assert api.get("tooling/runTestsSynchronous").status_code == 501
