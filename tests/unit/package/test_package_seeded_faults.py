"""The cross-reference checks do catch mistakes: each case breaks one file of the real package in one place and
expects the check that is meant for it to object.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from lxml import etree


def load(name: str):
    """The checks of a neighbouring test file, which is not importable by name."""
    spec = importlib.util.spec_from_file_location(f"seeded_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCES, ACCESS = load("test_package_references"), load("test_package_access")


def broken(package, ending: str, old: str, new: str):
    """The package with one text replaced in the one file whose path ends so."""
    (file,) = [f for f in package.files if str(f.path).endswith(ending)]
    text = etree.tostring(file.root, encoding="unicode")
    assert old in text, f"{ending} does not hold {old}"
    changed = type(file)(file.path, etree.fromstring(text.replace(old, new, 1)))
    return type(package)(tuple(changed if f is file else f for f in package.files))


@pytest.mark.parametrize(
    ("check", "ending", "old", "new"),
    [
        ("list_views_name_fields_and_values_that_exist", "My_Open_Requests.listView-meta.xml", "Needed_By__c", "By__c"),
        ("layouts_show_every_field_of_their_object_once", "Asset Layout.layout-meta.xml", "URL__c", "Link__c"),
        ("layouts_mark_required_fields", "Request Layout.layout-meta.xml", ">Required<", ">Edit<"),
        ("related_lists_exist", "Match Layout.layout-meta.xml", "Activity__c.Match__c", "Activity__c.Contact__c"),
        ("record_pages_and_layouts_agree", "Reference_Match_Record_Page.flexipage-meta.xml", "Score__c", "Rank__c"),
        ("paths_follow_their_picklist", "Request_Stage.pathAssistant-meta.xml", ">On Hold<", ">Waiting<"),
        ("quick_actions_set_and_show_fields_that_exist", "Contact.Record_Consent.quickAction-meta.xml", "Use__c", "Us__c"),
        ("quick_actions_ask_for_every_required_field", "Account.Request_a_Reference.quickAction-meta.xml", "Type__c", "Notes__c"),
        ("validation_rules_use_fields_that_exist", "Pause_Needs_Reason.validationRule-meta.xml", "Paused__c", "Stopped__c"),
        ("validation_rules_compare_with_values_the_picklist_has", "Closed_Needs_Proof.validationRule-meta.xml", '"Closed"', '"Done"'),
        ("flows_touch_fields_that_exist", "Reference_Sync_Now.flow-meta.xml", "Record_Id__c", "Record__c"),
        ("flows_assign_and_test_values_the_picklist_has", "Reference_Sync_Now.flow-meta.xml", ">Queued<", ">Waiting<"),
        ("flows_connect_to_elements_that_exist_and_reach_all_of_them", "Reference_Match_Owner.flow-meta.xml", ">Hand_Over</target", ">Elsewhere</target"),
        ("reports_and_dashboards_fit_together", "Coverage_Gaps.report-meta.xml", "Coverage__c.Gap__c", "Coverage__c.Hole__c"),
        ("filters_use_values_the_picklist_has", "Available_References.listView-meta.xml", ">Eligible<", ">Fine<"),
        ("history_of_a_request_does_not_tell_who_declined", "Request__c/fields/Status__c.field-meta.xml", "<trackHistory>false", "<trackHistory>true"),
        ("outbound_message_and_its_flow_fit_together", "Sync_Request_Wake_Worker.flow-meta.xml", "Wake_The_Worker</actionName>", "Wake</actionName>"),
    ],
)  # fmt: skip
def test_a_broken_reference_is_caught(package, check, ending, old, new):
    function = getattr(REFERENCES, f"test_{check}")
    arguments = {"kind": "ListView"} if check.startswith("filters") else {}
    with pytest.raises((AssertionError, KeyError, ValueError)):
        function(broken(package, ending, old, new), **arguments)


@pytest.mark.parametrize(
    ("check", "ending", "old", "new"),
    [
        ("permission_sets_name_fields_that_exist_and_are_not_required", "Reference_Viewer", "Request__c.Notes__c", "Request__c.Note__c"),
        ("permission_sets_name_fields_that_exist_and_are_not_required", "Reference_Viewer", "Request__c.Notes__c", "Request__c.Stage__c"),
        ("a_requester_cannot_tell_who_declined", "Reference_Requester", "Request__c.Notes__c", "Match__c.Owner_Decision__c"),
        ("the_worker_cannot_delete_or_take_records", "Reference_Integration", "<allowDelete>false", "<allowDelete>true"),
        ("the_viewer_changes_nothing", "Reference_Viewer", "<editable>false", "<editable>true"),
        ("sharing_is_private_where_a_decline_would_show", "Reference_Match__c.object", ">Private<", ">Read<"),
    ],
)  # fmt: skip
def test_a_broken_permission_is_caught(package, check, ending, old, new):
    kind = "" if "." in ending else ".permissionset"
    with pytest.raises(AssertionError):
        getattr(ACCESS, f"test_{check}")(broken(package, f"{ending}{kind}-meta.xml", old, new))
