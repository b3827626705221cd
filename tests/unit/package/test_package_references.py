"""Whatever one file of the package says about another is true: fields, objects, value sets, flows and actions that
are named exist, and every field explains itself to the person who meets it.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

STANDARD_FIELDS = {"Name", "OwnerId", "CreatedById", "LastModifiedById", "CreatedDate", "LastModifiedDate", "Id"}
LIST_COLUMNS = {"NAME", "OWNER.ALIAS", "CREATEDBY_USER.ALIAS", "CREATED_DATE", "LAST_UPDATE"}
REPORT_COLUMNS = {"CUST_NAME", "CUST_OWNER_NAME", "CUST_CREATED_DATE", "RowCount"}
STANDARD_OBJECTS = {"Account", "Contact", "User", "Opportunity", "Case", "Task", "Event", "Individual", "Activity"}
STANDARD_LISTS = {"RelatedEntityHistoryList", "Histories"}


def missing(package, obj: str, names, known=STANDARD_FIELDS) -> set[str]:
    """The names that are neither a custom field of the object nor in `known`."""
    return {f"{obj}.{n}" for n in names if n not in known and f"{obj}.{n}" not in package.fields}


def children(package) -> dict[str, str]:
    """Child relationship names `Parent.Children__r` with the child object."""
    found = {}
    for key, field in package.fields.items():
        if field.text("type") == "Lookup":
            found[f"{field.text('referenceTo')}.{field.text('relationshipName')}__r"] = key.split(".")[0]
    return found


def test_every_field_has_a_description_and_help(package):
    silent = [
        key
        for key, field in package.fields.items()
        if len(field.text("description") or "") < 30 or len(field.text("inlineHelpText") or "") < 15
    ]
    assert silent == []


def test_help_does_not_repeat_the_description_or_exceed_the_limit(package):
    for field in package.of("CustomField"):
        about, help_text = field.text("description"), field.text("inlineHelpText")
        assert about != help_text
        assert len(help_text) <= 510
        assert len(about) <= 1000


def test_every_object_explains_itself(package):
    for obj in package.of("CustomObject"):
        assert len(obj.text("description") or "") > 60, obj.name
        assert obj.text("deploymentStatus") == "Deployed"


def test_every_object_of_the_program_has_its_external_key(package):
    for obj in package.objects:
        key = package.fields[f"{obj}.External_Key__c"]
        for setting in ("externalId", "unique", "caseSensitive"):
            assert key.text(setting) == "true", (obj, setting)
        assert key.text("length") == "64"


def test_history_is_tracked_on_at_most_twenty_fields(package):
    tracked = Counter(f.folder for f in package.of("CustomField") if f.text("trackHistory") == "true")
    assert {obj: n for obj, n in tracked.items() if n > 20} == {}


def test_history_of_a_request_does_not_tell_who_declined(package):
    for name in ("Status__c", "Recommended_Match__c", "Reasons__c", "Verdict_Summary__c"):
        assert package.fields[f"Reference_Request__c.{name}"].text("trackHistory") == "false"


def test_lookups_point_at_objects_that_exist(package):
    for key, field in package.fields.items():
        target = field.text("referenceTo")
        assert target is None or target in package.objects | STANDARD_OBJECTS, key


def test_required_lookups_restrict_deletion(package):
    for key, field in package.fields.items():
        if field.text("type") == "Lookup" and field.text("required") == "true":
            assert field.text("deleteConstraint") == "Restrict", key


def test_child_relationship_names_are_unique_per_parent(package):
    lookups = [f for f in package.fields.values() if f.text("type") == "Lookup"]
    assert len(children(package)) == len(lookups)


def test_picklists_are_restricted_and_their_value_sets_exist(package):
    sets = {f.name for f in package.of("GlobalValueSet")}
    for key, field in package.fields.items():
        if field.text("type") in ("Picklist", "MultiselectPicklist"):
            assert field.text("valueSet/restricted") == "true", key
            named = field.text("valueSet/valueSetName")
            assert named in sets if named else field.texts("fullName")[1:], key


def test_picklists_have_at_most_one_default(package):
    for file in package.of("CustomField") + package.of("GlobalValueSet"):
        assert file.texts("default").count("true") <= 1, file.path.name


def test_list_views_name_fields_and_values_that_exist(package):
    for view in package.of("ListView"):
        names = view.texts("columns") + [f["field"] for f in view.parts("filters")]
        assert missing(package, view.folder, names, LIST_COLUMNS) == set(), view.path.name
        assert len(view.texts("columns")) <= 15, view.path.name


@pytest.mark.parametrize("kind", ["ListView", "Report"])
def test_filters_use_values_the_picklist_has(package, kind):
    for file in package.of(kind):
        for test in file.parts("filters" if kind == "ListView" else "criteriaItems"):
            obj, _, name = test.get("column", f"{file.folder}.{test.get('field')}").rpartition(".")
            field = package.fields.get(f"{obj}.{name}")
            if field is not None and field.text("type") == "Picklist" and test.get("value"):
                assert set(test["value"].split(",")) <= values(package, field), (file.path.name, name)


def values(package, field) -> set[str]:
    """The API values of a picklist field, inline or from its global value set."""
    named = field.text("valueSet/valueSetName")
    return set(package.named("GlobalValueSet", named).texts("fullName") if named else field.texts("fullName")[1:])


def test_layouts_show_every_field_of_their_object_once(package):
    shown = {}
    for layout in package.of("Layout"):
        obj = layout.path.name.split("-")[0]
        names = [item["field"] for item in layout.parts("layoutItems") if "field" in item]
        assert missing(package, obj, names) == set(), layout.path.name
        assert len(names) == len(set(names)), layout.path.name
        shown[obj] = {f"{obj}.{n}" for n in names}
    for obj in package.objects:
        assert {k for k in package.fields if k.startswith(f"{obj}.")} <= shown[obj]


def test_layouts_mark_required_fields(package):
    for layout in package.of("Layout"):
        obj = layout.path.name.split("-")[0]
        for item in layout.parts("layoutItems"):
            key = f"{obj}.{item.get('field')}"
            if key in package.fields and package.required(key):
                assert item["behavior"] == "Required", key


def test_related_lists_exist(package):
    for layout in package.of("Layout"):
        obj = layout.path.name.split("-")[0]
        for related in layout.root.iter("{*}relatedLists"):
            name = related.findtext("{*}relatedList")
            if name in STANDARD_LISTS:
                continue
            child, _, lookup = name.partition(".")
            assert package.fields[name].text("referenceTo") == obj, (layout.path.name, lookup)
            columns = [e.text for e in related.findall("{*}fields")]
            assert missing(package, child, columns, LIST_COLUMNS) == set()


def test_record_pages_show_fields_and_lists_that_exist(package):
    for page in package.of("FlexiPage"):
        obj = page.text("sobjectType")
        fields = [item.removeprefix("Record.") for item in page.texts("fieldItem")]
        assert missing(package, obj, fields) == set(), page.path.name
        for prop in page.parts("componentInstanceProperties"):
            if prop["name"] == "relatedListApiName":
                assert prop["value"] in STANDARD_LISTS or f"{obj}.{prop['value']}" in children(package)
        regions = {r["name"] for r in page.parts("flexiPageRegions")}
        facets = {p["value"] for p in page.parts("componentInstanceProperties") if p["value"].startswith("Facet-")}
        assert facets <= regions


def test_record_pages_and_layouts_agree(package):
    for page in package.of("FlexiPage"):
        obj = page.text("sobjectType")
        (layout,) = [f for f in package.of("Layout") if f.path.name.startswith(f"{obj}-")]
        assert {f"Record.{n}" for n in layout.texts("field")} == set(page.texts("fieldItem")), obj
        shown = {p["value"] for p in page.parts("componentInstanceProperties") if p["name"] == "relatedListApiName"}
        listed = {f"{package.fields[n].text('relationshipName')}__r" for n in layout.texts("relatedList") if "." in n}
        assert shown - {"Histories"} == listed, f"{obj}: a page shows only related lists that its layout has"


def test_searching_and_lookups_show_more_than_a_number(package):
    for obj in package.of("CustomObject"):
        for place in ("customTabList", "lookupDialogs", "searchResults"):
            name = f"{place}AdditionalFields"
            assert obj.texts(name), (obj.name, place)
            assert missing(package, obj.name, obj.texts(name)) == set()


def test_compact_layouts_exist_and_are_assigned(package):
    by_object = {f.folder: f for f in package.of("CompactLayout")}
    for obj in package.of("CustomObject"):
        layout = by_object[obj.name]
        assert obj.text("compactLayoutAssignment") == layout.name
        assert missing(package, obj.name, layout.texts("fields")) == set()
        assert len(layout.texts("fields")) <= 10


def test_object_pages_that_are_assigned_exist(package):
    pages = {f.name for f in package.of("FlexiPage")}
    assigned = [override["content"] for f in package.of("CustomObject") for override in f.parts("actionOverrides")]
    assert set(assigned) == pages


def test_paths_follow_their_picklist(package):
    for path in package.of("PathAssistant"):
        obj, field = path.text("entityName"), path.text("fieldName")
        steps = path.texts("picklistValueName")
        assert set(steps) == values(package, package.fields[f"{obj}.{field}"])
        assert missing(package, obj, path.texts("fieldNames")) == set()


def test_quick_actions_set_and_show_fields_that_exist(package):
    flows = {f.name for f in package.of("Flow")}
    for action in package.of("QuickAction"):
        target = action.text("targetObject")
        if action.text("type") == "Flow":
            assert action.text("flowDefinition") in flows
            continue
        assert missing(package, target, action.texts("field")) == set(), action.path.name
        parent = action.text("targetParentField")
        if parent:
            assert package.fields[f"{target}.{parent}"].text("referenceTo") == action.name.split(".")[0]


def test_quick_actions_ask_for_every_required_field(package):
    for action in package.of("QuickAction"):
        if action.text("type") != "Create":
            continue
        target, given = action.text("targetObject"), set(action.texts("field")) | {action.text("targetParentField")}
        needed = {k.split(".")[1] for k in package.fields if k.startswith(f"{target}.") and package.required(k)}
        assert needed <= given, action.path.name


def test_layouts_and_apps_name_actions_and_tabs_that_exist(package):
    actions = {f.name for f in package.of("QuickAction")}
    for layout in package.of("Layout"):
        for item in layout.parts("platformActionListItems"):
            assert item["actionType"] != "QuickAction" or item["actionName"] in actions, item
    tabs = {f.name for f in package.of("CustomTab")}
    for app in package.of("CustomApplication"):
        assert {t for t in app.texts("tabs") if not t.startswith("standard-")} == tabs


def test_validation_rules_use_fields_that_exist(package):
    for rule in package.of("ValidationRule"):
        formula = re.sub(r'"[^"]*"', "", rule.text("errorConditionFormula"))
        assert missing(package, rule.folder, re.findall(r"(?<![.$\w])\w+__c\b", formula)) == set(), rule.path.name
        assert missing(package, rule.folder, [rule.text("errorDisplayField")]) == set()
        assert len(rule.text("errorMessage")) <= 255


def test_validation_rules_compare_with_values_the_picklist_has(package):
    for rule in package.of("ValidationRule"):
        for name, value in re.findall(r'ISPICKVAL\((\w+), "([^"]+)"\)', rule.text("errorConditionFormula")):
            assert value in values(package, package.fields[f"{rule.folder}.{name}"]), rule.path.name


def test_validation_rules_judge_changes_and_let_an_import_pass(package):
    for rule in package.of("ValidationRule"):
        formula = rule.text("errorConditionFormula")
        assert "ISCHANGED(" in formula, f"{rule.name} would refuse the worker's write to an old row"
        assert "NOT($Permission.Reference_Skip_Validation)" in formula
    assert package.named("CustomPermission", "Reference_Skip_Validation")


def test_flows_touch_fields_that_exist(package):
    for flow in package.of("Flow"):
        started = next(flow.root.iter("{*}start")).findtext("{*}object")
        names = re.findall(r"\$Record\.(\w+__c)\b", " ".join(t for t in flow.root.itertext()))
        assert missing(package, started, names) == set(), flow.path.name
        for element in ("recordCreates", "recordUpdates", "recordLookups", "start"):
            for node in flow.root.iter(f"{{*}}{element}"):
                obj = node.findtext("{*}object") or started
                fields = [e.text for e in node.iterfind("{*}inputAssignments/{*}field")]
                fields += [e.text for e in node.iterfind("{*}filters/{*}field")]
                assert missing(package, obj, [f for f in fields if f.endswith("__c")]) == set(), flow.path.name


def test_flows_assign_and_test_values_the_picklist_has(package):
    for flow in package.of("Flow"):
        started = next(flow.root.iter("{*}start")).findtext("{*}object")
        for node in flow.root.iter("{*}inputAssignments", "{*}filters"):
            obj = node.getparent().findtext("{*}object") or started
            field = package.fields.get(f"{obj}.{node.findtext('{*}field')}")
            value = node.findtext("{*}value/{*}stringValue")
            if field is not None and field.text("type") == "Picklist" and value:
                assert value in values(package, field), flow.path.name
        for name, value in re.findall(r'ISPICKVAL\(\{!\$Record\.(\w+)\}, "([^"]+)"\)', " ".join(flow.root.itertext())):
            assert value in values(package, package.fields[f"{started}.{name}"]), flow.path.name


def test_flows_connect_to_elements_that_exist_and_reach_all_of_them(package):
    for flow in package.of("Flow"):
        nodes = {e.findtext("{*}name") for e in flow.root if e.find("{*}locationX") is not None} - {None}
        targets = set(flow.texts("targetReference"))
        assert targets == nodes, flow.path.name


def test_record_flows_cannot_stand_in_the_way_of_a_save(package):
    for flow in package.of("Flow"):
        start = next(flow.root.iter("{*}start"))
        if start.findtext("{*}triggerType") == "RecordAfterSave" and "wake" not in flow.name.lower():
            assert start.findtext("{*}scheduledPaths/{*}pathType") == "AsyncAfterCommit", flow.name
            assert start.find("{*}connector") is None


def test_flows_do_not_wake_the_worker_by_its_own_writes(package, editable_by_people):
    for flow in package.of("Flow"):
        if "Sync_Request__c" not in flow.texts("object") or not flow.name.endswith(("_Changed", "_Decided")):
            continue
        obj = next(flow.root.iter("{*}start")).findtext("{*}object")
        watched = re.findall(r"ISCHANGED\(\{!\$Record\.(\w+)\}\)", flow.text("start/filterFormula"))
        assert watched
        assert {f"{obj}.{name}" for name in watched} <= editable_by_people, flow.name


def test_notifications_use_types_of_the_package(package):
    types = {f.name for f in package.of("CustomNotificationType")}
    used = {
        node.findtext("{*}filters/{*}value/{*}stringValue")
        for flow in package.of("Flow")
        for node in flow.root.iter("{*}recordLookups")
        if node.findtext("{*}object") == "CustomNotificationType"
    }
    assert used == types


def test_reports_and_dashboards_fit_together(package):
    reports = {f"{f.path.parent.name}/{f.name}": f for f in package.of("Report")}
    for report in reports.values():
        obj = report.text("reportType").removeprefix("CustomEntity$")
        assert obj in package.objects
        names = report.texts("field") + report.texts("column") + report.texts("dateColumn") + report.texts("sortColumn")
        custom = [n.removeprefix(f"{obj}.") for n in names if n not in REPORT_COLUMNS]
        assert missing(package, obj, custom) == set(), report.path.name
    for dashboard in package.of("Dashboard"):
        for part in dashboard.root.iter("{*}dashboardComponent"):
            report = reports[part.findtext("{*}report")]
            groups = {g["field"] for g in report.parts("groupingsDown")}
            assert part.findtext("{*}groupingColumn") in groups, report.name
            measure = part.findtext("{*}chartSummary/{*}column")
            assert measure == "RowCount" or measure in report.texts("field")


def test_outbound_message_and_its_flow_fit_together(package):
    (workflow,) = package.of("Workflow")
    offered = {f"{workflow.name}.{name}" for name in workflow.texts("fullName")}
    called = {
        node.findtext("{*}actionName")
        for flow in package.of("Flow")
        for node in flow.root.iter("{*}actionCalls")
        if node.findtext("{*}actionType") == "outboundMessage"
    }
    assert called == offered
