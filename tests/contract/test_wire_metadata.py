"""Metadata beyond a plain deployment: listing, retrieving, what was new, quick deployments, deletions refused."""

import base64
import io
import zipfile

import pytest

from crm_sync.local_org.server import running
from tests.contract.conftest import PACKAGE, sign_in
from tests.contract.test_wire_soap import NS, archive, deploy, soap, with_field


def ask(api, body):
    status, root = soap(api, "m/63.0", body, api.token)
    assert status == 200, root.findtext(".//faultstring")
    return root


def retrieve(api, element="retrieveRequest", **kinds):
    types = "".join(
        "<types>" + "".join(f"<members>{m}</members>" for m in members) + f"<name>{kind}</name></types>"
        for kind, members in kinds.items()
    )
    started = ask(
        api,
        f"<retrieve {NS}><{element}><apiVersion>63.0</apiVersion><unpackaged>{types}<version>63.0</version>"
        f"</unpackaged></{element}></retrieve>",
    )
    again = f"<checkStatus {NS}><asyncProcessId>{started.findtext('.//{*}id')}</asyncProcessId></checkStatus>"
    assert ask(api, again).findtext(".//{*}state") == "Completed"
    told = ask(
        api,
        f"<checkRetrieveStatus {NS}><asyncProcessId>{started.findtext('.//{*}id')}</asyncProcessId>"
        "<includeZip>true</includeZip></checkRetrieveStatus>",
    )
    assert (told.findtext(".//{*}done"), told.findtext(".//{*}status")) == ("true", "Succeeded")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(told.findtext(".//{*}zipFile")))) as packed:
        files = {name.removeprefix("unpackaged/"): packed.read(name).decode() for name in packed.namelist()}
    named = {(p.findtext("{*}type"), p.findtext("{*}fullName")) for p in told.findall(".//{*}fileProperties")}
    problems = [m.findtext("{*}problem") for m in told.findall(".//{*}messages")]
    return files, named, problems


def test_what_kinds_there_are(api):
    root = ask(api, f"<describeMetadata {NS}><asOfVersion>63.0</asOfVersion></describeMetadata>")
    kinds = {k.findtext("{*}xmlName"): k for k in root.findall(".//{*}metadataObjects")}
    assert kinds["CustomObject"].findtext("{*}directoryName") == "objects"
    assert "CustomField" in [c.text for c in kinds["CustomObject"].findall("{*}childXmlNames")]
    assert kinds["Report"].findtext("{*}inFolder") == "true"


def test_components_are_listed_by_kind(api):
    root = ask(
        api,
        f"<listMetadata {NS}><queries><type>CustomObject</type></queries><queries><type>PermissionSet</type></queries>"
        "<asOfVersion>63.0</asOfVersion></listMetadata>",
    )
    found = {(r.findtext("{*}type"), r.findtext("{*}fullName")) for r in root.findall(".//{*}result")}
    assert {("CustomObject", "Sync_Run__c"), ("PermissionSet", "Reference_Viewer")} <= found
    assert {kind for kind, _ in found} == {"CustomObject", "PermissionSet"}


def test_an_object_comes_back_whole(api):
    files, named, problems = retrieve(api, CustomObject=["Sync_Issue__c", "Account", "Nothing__c"])
    assert named == {("CustomObject", "Sync_Issue__c"), ("CustomObject", "Account")}
    assert problems == ["Entity of type 'CustomObject' named 'Nothing__c' cannot be found"]
    assert "<fullName>External_Key__c</fullName>" in files["objects/Sync_Issue__c.object"]
    assert "<label>Sync Issue</label>" in files["objects/Sync_Issue__c.object"]
    assert "<fullName>Health_Score__c</fullName>" in files["objects/Account.object"]
    assert "<members>Sync_Issue__c</members>" in files["package.xml"]


def test_one_field_comes_back_alone(api):
    files, named, problems = retrieve(api, CustomField=["Account.Health_Score__c"], Layout=["*"], ApexClass=["*"])
    assert ("CustomField", "Account.Health_Score__c") in named
    assert problems == []
    assert files["objects/Account.object"].count("<fullName>") == 1
    assert "layouts/Sync_Run__c-Sync Run Layout.layout" in files


def test_what_comes_back_can_be_deployed_into_an_empty_org(api):
    files, _, _ = retrieve(api, CustomObject=["*", "Account", "Contact", "Case"], GlobalValueSet=["*"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        for name, text in files.items():
            archived.writestr(name, text)
    with running(None) as empty:
        other = sign_in(empty)
        told = deploy(other, packed.getvalue())
        assert told.findtext(".//{*}status") == "Succeeded", told.findtext(".//{*}problem")
        names = {f["name"] for f in other.get("sobjects/Sync_Issue__c/describe").json()["fields"]}
        other.http.close()
    assert names == {f["name"] for f in api.get("sobjects/Sync_Issue__c/describe").json()["fields"]}


def test_the_request_may_be_called_as_jsforce_calls_it(api):
    assert retrieve(api, "request", CustomTab=["Sync_Run__c"])[1] == {("CustomTab", "Sync_Run__c")}


def test_what_belongs_to_a_package_is_not_retrieved(api):
    body = f"<retrieve {NS}><request><packageNames>Some</packageNames><unpackaged/></request></retrieve>"
    assert soap(api, "m/63.0", body, api.token)[0] == 501


def test_what_was_deployed_later_comes_back_too(api):
    deploy(api, with_field("<fields><fullName>Later__c</fullName><label>Later</label><type>Checkbox</type></fields>"))
    files, _, _ = retrieve(api, CustomField=["Account.Later__c"])
    assert "<label>Later</label>" in files["objects/Account.object"]


def test_a_deployment_says_what_is_new(api):
    field = "<fields><fullName>New__c</fullName><label>New</label><type>Checkbox</type></fields>"
    for expected in ("true", "false"):
        told = deploy(api, with_field(field))
        assert told.findtext(".//{*}componentSuccesses/{*}created") == expected


@pytest.mark.parametrize("rest", [False, True])
def test_a_validated_package_is_deployed_quickly_once(api, rest):
    name = f"Quick{int(rest)}__c"
    field = f"<fields><fullName>{name}</fullName><label>Quick</label><type>Checkbox</type></fields>"
    validation = deploy(api, with_field(field), checkOnly="true").findtext(".//{*}id")
    assert name not in [f["name"] for f in api.get("sobjects/Account/describe").json()["fields"]]
    if rest:
        reply = api.post("metadata/deployRequest", {"validatedDeployRequestId": validation})
        assert (reply.status_code, reply.json()["deployResult"]["success"]) == (201, True)
    else:
        ask(api, f"<deployRecentValidation {NS}><validationId>{validation}</validationId></deployRecentValidation>")
    assert name in [f["name"] for f in api.get("sobjects/Account/describe").json()["fields"]]
    again = api.post("metadata/deployRequest", {"validatedDeployRequestId": validation})
    assert again.json()[0]["errorCode"] == "INVALID_ID_FIELD"


def test_deletions_are_refused(api):
    members = "<types><members>Account.Health_Score__c</members><name>CustomField</name></types>"
    told = deploy(api, archive(destructiveChanges_DOT_xml=f"<Package {NS}>{members}</Package>"))
    assert told.findtext(".//{*}status") == "Failed"
    assert "does not delete components" in told.findtext(".//{*}problem")
    assert "Health_Score__c" in [f["name"] for f in api.get("sobjects/Account/describe").json()["fields"]]


def test_metadata_is_for_administrators(limited):
    for call in ("retrieve", "listMetadata"):
        status, root = soap(limited, "m/63.0", f"<{call} {NS}/>", limited.token)
        assert (status, root.findtext(".//faultcode")) == (500, "sf:INSUFFICIENT_ACCESS")


def test_the_shipped_package_is_all_there(api):
    kept = {p.name.split(".")[0] for p in PACKAGE.rglob("*.flow-meta.xml")}
    _, named, _ = retrieve(api, Flow=["*"])
    assert {name for _, name in named} == kept


def test_a_kind_that_the_org_does_not_know_is_not_said_to_be_empty(api):
    for kind in ("Profile", "Nonsense"):
        query = f"<listMetadata {NS}><queries><type>{kind}</type></queries></listMetadata>"
        status, root = soap(api, "m/63.0", query, api.token)
        assert status == 501
        assert f"no components of type {kind}" in root.findtext(".//faultstring")


def test_a_duplicate_rule_runs_and_a_malformed_one_is_refused(api):
    rule = "duplicateRules/Lead.Mine.duplicateRule"
    for text, status in (("<DuplicateRule", "Failed"), (f"<DuplicateRule {NS}/>", "Succeeded")):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archived:
            archived.writestr("package.xml", f"<Package {NS}><version>63.0</version></Package>")
            archived.writestr(rule, text)
        told = deploy(api, packed.getvalue(), checkOnly="true")
        assert told.findtext(".//{*}status") == status
        assert "does not run it" not in str([p.text for p in told.findall(".//{*}problem")])
