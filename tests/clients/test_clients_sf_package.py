"""The official `sf` command line with our own package: deployed over SOAP and REST, validated, assigned, brought back."""

from __future__ import annotations

import json
import shutil

import pytest

from crm_sync.local_org.server import running
from tests.local_place import PACKAGE, Place

FIELD = "crm-reference/main/default/objects/Account/fields/Region__c.field-meta.xml"


@pytest.fixture
def org():
    """An org that nothing was deployed into yet."""
    with running(None) as empty:
        yield Place(empty)


@pytest.fixture
def project(tmp_path):
    """A copy of the package as a project; the login address of the service is left out, as for any local org."""
    folder = tmp_path / "project"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("data"))
    settings = json.loads((folder / "sfdx-project.json").read_text())
    del settings["sfdcLoginUrl"]
    (folder / "sfdx-project.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def sf(programs, org, project):
    """Run a command within the project, signed in; its --json answer."""
    programs.sign_in(org)

    def run(*arguments, **more):
        return programs.sf(*arguments, cwd=project, **more)["result"]

    return run


def source_files(folder):
    return {
        p.relative_to(folder): p.read_text().replace("&apos;", "'").replace("&quot;", '"')
        for p in folder.rglob("*-meta.xml")
    }


@pytest.mark.parametrize("rest", [False, True], ids=["soap", "rest"])
def test_the_package_is_deployed_assigned_and_used(org, sf, rest):
    how = {"SF_ORG_METADATA_REST_DEPLOY": str(rest).lower()}
    told = sf("project", "deploy", "start", "--source-dir", "crm-reference", **how)
    assert (told["status"], told["numberComponentErrors"]) == ("Succeeded", 0)
    assert {f["state"] for f in told["files"]} == {"Created"}
    again = sf("project", "deploy", "start", "--source-dir", "crm-reference", **how)
    assert "Created" not in {f["state"] for f in again["files"]}
    assigned = sf("org", "assign", "permset", "--name", "Reference_Admin", "--name", "Reference_Viewer")
    assert {s["value"] for s in assigned["successes"]} == {"Reference_Admin", "Reference_Viewer"}
    made = sf("data", "create", "record", "--sobject", "Sync_Issue__c", "--values", "External_Key__c=1 Kind__c=k")
    assert org.rows("SELECT Id FROM Sync_Issue__c") == [{"Id": made["id"]}]
    names = org.rows(
        "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE Assignee.Username = 'worker@crm-sync.example'"
    )
    assert {r["PermissionSet"]["Name"] for r in names} == {"Reference_Admin", "Reference_Viewer"}


def test_a_validation_changes_nothing_until_it_is_deployed_quickly(org, sf):
    validated = sf("project", "deploy", "validate", "--source-dir", "crm-reference")
    assert (validated["status"], validated["checkOnly"]) == ("Succeeded", True)
    reported = sf("project", "deploy", "report", "--job-id", validated["id"])
    assert (reported["id"], reported["status"]) == (validated["id"], "Succeeded")
    assert org.call("GET", "sobjects")["sobjects"]
    assert "Sync_Issue__c" not in {o["name"] for o in org.call("GET", "sobjects")["sobjects"]}
    quick = sf("project", "deploy", "quick", "--job-id", validated["id"])
    assert quick["status"] == "Succeeded"
    assert "Sync_Issue__c" in {o["name"] for o in org.call("GET", "sobjects")["sobjects"]}


def test_a_faulty_package_is_refused_with_file_and_reason(org, sf, project):
    wrong = project / FIELD
    wrong.write_text(wrong.read_text().replace("<type>Picklist</type>", "<type>Pick</type>"))
    told = sf("project", "deploy", "start", "--source-dir", "crm-reference", "--dry-run", code=1)
    assert told["status"] == "Failed"
    [failure] = told["details"]["componentFailures"]
    assert "type 'Pick' is not supported" in failure["problem"]
    assert "Sync_Issue__c" not in {o["name"] for o in org.call("GET", "sobjects")["sobjects"]}


def test_what_was_deployed_comes_back(sf, project, tmp_path):
    sf("project", "deploy", "start", "--source-dir", "crm-reference")
    before = source_files(project / "crm-reference")
    kinds = ["CustomObject", "PermissionSet", "Layout", "GlobalValueSet", "CustomTab", "QuickAction"]
    standard = [f"CustomObject:{name}" for name in ("Account", "Contact", "Case", "Opportunity", "User")]
    asked = [part for name in (*kinds, *standard) for part in ("--metadata", name)]
    (project / FIELD).unlink()
    told = sf("project", "retrieve", "start", *asked)
    assert (told["success"], told["messages"]) == (True, [])
    assert source_files(project / "crm-reference") == before
