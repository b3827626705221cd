"""Who may see and change what. The platform itself keeps the worker off human decisions, keeps people off computed
fields, and keeps a requester from telling who declined from who was never considered.
"""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

PEOPLE = {
    "Reference_Program_Owner",
    "Reference_Account_Owner",
    "Reference_Requester",
    "Reference_Legal_Reviewer",
    "Reference_Admin",
}
WORKER = "Reference_Integration"
PRIVATE = {
    "Reference_Profile__c",
    "Reference_Consent__c",
    "Reference_Match__c",
    "Reference_Activity__c",
    "Reference_Escalation__c",
    "Sync_Request__c",
    "Sync_Run__c",
    "Sync_Issue__c",
}
HIDDEN_FROM_REQUESTERS = PRIVATE - {"Sync_Request__c"}
DECISIONS = {
    "Reference_Match__c.Owner_Decision__c",
    "Reference_Match__c.Customer_Response__c",
    "Reference_Asset__c.Status__c",
    "Reference_Asset__c.Approved_By__c",
    "Reference_Consent__c.Approved_By__c",
    "Reference_Consent__c.Legal_Restriction__c",
    "Reference_Profile__c.Paused__c",
    "Reference_Profile__c.Approved_Types__c",
    "Reference_Request__c.Submitted_On__c",
    "Sync_Run__c.Stop_Switch__c",
    "Sync_Issue__c.Acknowledged__c",
    "Account.Legal_Hold__c",
    "Contact.Reference_Opt_Out__c",
}


def fields_of(package, name: str) -> dict[str, bool]:
    """Custom fields this permission set shows, with whether it lets them be edited."""
    parts = package.named("PermissionSet", name).parts("fieldPermissions")
    return {p["field"]: p["editable"] == "true" for p in parts if p["field"].endswith("__c")}


def objects_of(package, name: str) -> dict[str, dict[str, str]]:
    """Object permissions of this permission set by object."""
    return {p["object"]: p for p in package.named("PermissionSet", name).parts("objectPermissions")}


def test_there_is_one_permission_set_per_role(package):
    named = {f.name for f in package.of("PermissionSet")}
    others = {WORKER, "Reference_Integration_Individual", "Reference_Viewer", "Reference_Data_Import"}
    assert named == PEOPLE | others
    for permission_set in package.of("PermissionSet"):
        assert permission_set.text("license") is None
        assert len(permission_set.text("description")) > 60


def test_permission_sets_name_fields_that_exist_and_are_not_required(package):
    for permission_set in package.of("PermissionSet"):
        named = fields_of(package, permission_set.name)
        assert set(named) <= set(package.fields), permission_set.name
        assert [f for f in named if package.required(f)] == [], permission_set.name


def test_permission_sets_name_objects_flows_and_apps_that_exist(package):
    flows = {f.name for f in package.of("Flow")}
    apps = {f.name for f in package.of("CustomApplication")}
    tabs = {f.name for f in package.of("CustomTab")}
    for permission_set in package.of("PermissionSet"):
        custom = {o for o in objects_of(package, permission_set.name) if o.endswith("__c")}
        assert custom <= package.objects
        assert {p["flow"] for p in permission_set.parts("flowAccesses")} <= flows
        assert {p["application"] for p in permission_set.parts("applicationVisibilities")} <= apps
        assert {p["tab"] for p in permission_set.parts("tabSettings")} <= tabs


def test_object_permissions_are_complete(package):
    for permission_set in package.of("PermissionSet"):
        for obj, granted in objects_of(package, permission_set.name).items():
            has = {k for k, v in granted.items() if v == "true"}
            assert "allowRead" in has, (permission_set.name, obj)
            assert not has & {"allowDelete", "modifyAllRecords"} or "allowEdit" in has
            assert "modifyAllRecords" not in has or {"allowDelete", "viewAllRecords"} <= has


def test_visible_fields_belong_to_readable_objects(package):
    for permission_set in package.of("PermissionSet"):
        objects = set(objects_of(package, permission_set.name))
        shown = {f.split(".")[0] for f in fields_of(package, permission_set.name)} & package.objects
        assert shown <= objects, permission_set.name


def test_every_field_is_readable_by_the_worker_and_by_somebody_else(package, editable_by_people):
    optional = {f for f in package.fields if not package.required(f)}
    assert set(fields_of(package, WORKER)) == optional
    readable = {f for name in PEOPLE for f in fields_of(package, name)}
    assert optional <= readable


def test_every_field_is_written_by_somebody(package, editable_by_people):
    optional = {f for f in package.fields if not package.required(f)}
    worker = {f for f, editable in fields_of(package, WORKER).items() if editable}
    systems = {f for f, field in package.fields.items() if "written by the" in field.text("description").lower()}
    assert optional - worker - editable_by_people <= systems


def test_the_worker_cannot_touch_human_decisions(package):
    fields = fields_of(package, WORKER)
    assert {f for f in DECISIONS if fields[f]} == set()


def test_people_cannot_edit_what_the_worker_computes(package, editable_by_people):
    computed = {f for f, field in package.fields.items() if (field.text("inlineHelpText") or "").startswith("Computed")}
    assert len(computed) > 70
    assert computed & editable_by_people == set()
    worker = {f for f, editable in fields_of(package, WORKER).items() if editable}
    assert computed <= worker


def test_the_worker_cannot_delete_or_take_records(package):
    for obj, granted in objects_of(package, WORKER).items():
        assert granted["allowDelete"] == "false", obj
        assert granted["modifyAllRecords"] == "false", obj
        assert granted["viewAllRecords"] == "true", f"{obj}: a hidden row would be a partial pull"


def test_the_worker_reaches_private_rows_by_a_sharing_rule(package):
    shared = {f.name: f.parts("sharingOwnerRules")[0] for f in package.of("SharingRules")}
    worker_owned = {"Sync_Run__c", "Reference_Coverage__c"}
    assert set(shared) == package.objects - worker_owned
    assert {rule["accessLevel"] for rule in shared.values()} == {"Edit"}
    assert [g.name for g in package.of("Group")] == ["Reference_Worker"]


def test_sharing_is_private_where_a_decline_would_show(package):
    models = {f.name: f.text("sharingModel") for f in package.of("CustomObject")}
    assert {obj for obj, model in models.items() if model == "Private"} == PRIVATE
    assert {model for obj, model in models.items() if obj not in PRIVATE} == {"Read"}
    assert {f.text("externalSharingModel") for f in package.of("CustomObject")} == {"Private"}


def test_a_requester_cannot_tell_who_declined(package):
    assert set(objects_of(package, "Reference_Requester")) & HIDDEN_FROM_REQUESTERS == set()
    shown = set(fields_of(package, "Reference_Requester"))
    assert {f for f in shown if f.split(".")[0] in HIDDEN_FROM_REQUESTERS} == set()
    for name in ("Reference_Requester", "Reference_Account_Owner"):
        assert "Reference_Request__c.Recommended_Match__c" not in fields_of(package, name)


@pytest.mark.parametrize("name", ["Reference_Account_Owner", "Reference_Requester", "Reference_Legal_Reviewer"])
def test_ordinary_colleagues_do_not_see_all_private_records(package, name):
    legal = {"Reference_Profile__c", "Reference_Consent__c"} if name == "Reference_Legal_Reviewer" else set()
    for obj, granted in objects_of(package, name).items():
        assert granted["modifyAllRecords"] == "false"
        assert granted["viewAllRecords"] == ("true" if obj in legal else "false"), obj


def test_the_viewer_changes_nothing(package):
    assert not any(fields_of(package, "Reference_Viewer").values())
    for granted in objects_of(package, "Reference_Viewer").values():
        assert {granted[k] for k in ("allowCreate", "allowEdit", "allowDelete", "modifyAllRecords")} == {"false"}


def test_external_keys_are_the_workers(package, editable_by_people):
    keys = {f for f in package.fields if f.endswith(("External_Key__c", "Reference_Task_Key__c"))}
    assert keys & editable_by_people == set()
    assert {f for f in keys if not fields_of(package, WORKER)[f]} == set()


def test_only_an_import_skips_validation(package):
    holders = [f.name for f in package.of("PermissionSet") if f.parts("customPermissions")]
    assert holders == ["Reference_Data_Import"]


def test_the_worker_may_write_exactly_what_the_mappings_say_it_writes(package, project):
    granted = fields_of(package, WORKER)
    writes = {"worker", "key", "human_after_create", "stamp"}
    creates_with = {"Case.Department__c"}  # the department a new case is opened in
    disagreements = []
    for path in sorted((project.parents[1] / "mappings").glob("*.yaml")):
        mapping = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        for name, field in mapping["fields"].items():
            key = f"{mapping['object']}.{field['field']}"
            if key in granted and key not in creates_with and granted[key] != (field.get("owner") in writes):
                disagreements.append(f"{path.name}: {name}")
    assert disagreements == []


def test_every_mapped_field_of_ours_exists(package, project):
    unknown = []
    for path in sorted((project.parents[1] / "mappings").glob("*.yaml")):
        mapping = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        for field in mapping["fields"].values():
            key = f"{mapping['object']}.{field['field']}"
            if field["field"].endswith("__c") and key not in package.fields:
                unknown.append(f"{path.name}: {key}")
    assert unknown == []
