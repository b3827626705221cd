"""Object XML becomes schema, in both formats."""

from pathlib import Path

import pytest

from crm_sync.local_org import metadata, outbound_rules
from crm_sync.local_org.metadata_xml import read_folder

PACKAGE = Path(__file__).parents[3] / "deploy" / "salesforce"
NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELDS = """
<fields><fullName>Score__c</fullName><label>Score</label><type>Number</type><precision>5</precision><scale>1</scale></fields>
<fields><fullName>Parent__c</fullName><label>P</label><type>MasterDetail</type><referenceTo>Account</referenceTo>
  <relationshipName>Widgets</relationshipName></fields>
<fields><fullName>Kind__c</fullName><label>Kind</label><type>Picklist</type><valueSet><restricted>true</restricted>
  <valueSetDefinition><sorted>false</sorted>
   <value><fullName>Big</fullName><default>true</default><label>Large</label></value>
   <value><fullName>Old</fullName><default>false</default><label>Old</label><isActive>false</isActive></value>
  </valueSetDefinition></valueSet></fields>
<fields><fullName>Notes__c</fullName><label>Notes</label><type>Html</type><length>32768</length></fields>
<fields><fullName>On__c</fullName><label>On</label><type>Checkbox</type><defaultValue>true</defaultValue></fields>
<fields><fullName>Twice__c</fullName><label>T</label><type>Number</type><formula>Score__c * 2</formula></fields>
<fields><fullName>No__c</fullName><label>No</label><type>AutoNumber</type><displayFormat>W-{000}</displayFormat></fields>
"""
WIDGET = f"""<CustomObject {NS}><label>Widget</label><pluralLabel>Widgets</pluralLabel>
<nameField><label>Widget Name</label><type>Text</type></nameField><sharingModel>ControlledByParent</sharingModel>
<enableActivities>true</enableActivities>{FIELDS}</CustomObject>"""


@pytest.fixture(scope="module")
def widget():
    return metadata.build({"objects/Widget__c.object": WIDGET.encode()}).object("widget__C")


def test_metadata_format_keeps_fields_inside(widget):
    assert (widget.label, widget.custom, widget.key_prefix) == ("Widget", True, "a00")
    score = widget.field("score__c")
    assert (score.type, score.precision, score.scale, score.nillable) == ("double", 5, 1, True)
    assert widget.field("OwnerId") is None
    assert (widget.field("Name").length, widget.field("Name").nillable) == (80, True)


def test_master_detail(widget):
    parent = widget.field("Parent__c")
    assert (parent.cascade_delete, parent.nillable, parent.updateable) == (True, False, False)
    assert parent.relationship_name == "Parent__r"
    assert parent.child_relationship_name == "Widgets__r"


def test_picklists_rich_text_checkboxes_formulas_numbers(widget):
    kind = widget.field("Kind__c")
    assert [(v.value, v.label, v.active, v.default) for v in kind.picklist] == [
        ("Big", "Large", True, True),
        ("Old", "Old", False, False),
    ]
    assert (kind.restricted, kind.default) == (True, "Big")
    assert (widget.field("Notes__c").html, widget.field("Notes__c").filterable) == (True, False)
    assert widget.field("On__c").default == "true"
    assert (widget.field("Twice__c").stored, widget.field("Twice__c").createable) == (False, False)
    assert (widget.field("No__c").auto_number, widget.field("No__c").createable) == ("W-{000}", False)


def test_parents_know_their_children_and_activities_their_subjects():
    schema = metadata.build({"objects/Widget__c.object": WIDGET.encode()})
    assert schema.object("Account").child("widgets__r").field == "Parent__c"
    assert "Widget__c" in schema.object("Task").field("WhatId").reference_to
    assert schema.object("Widget__c").child("Tasks").child_object == "Task"


def test_prefixes_given_earlier_are_kept():
    files = {"objects/Widget__c.object": WIDGET.encode(), "objects/Added__c.object": WIDGET.encode()}
    schema = metadata.build(files, {"Widget__c": "a00"})
    assert metadata.custom_prefixes(schema) == {"Added__c": "a01", "Widget__c": "a00"}


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (
            "objects/X__c/fields/F__c.field-meta.xml",
            f"<CustomField {NS}><fullName>F__c</fullName><type>Text</type></CustomField>",
            "fields for an object the org does not have",
        ),
        (
            "objects/Account/fields/F__c.field-meta.xml",
            f"<CustomField {NS}><fullName>F__c</fullName><type>Hologram</type></CustomField>",
            "type 'Hologram' is not supported",
        ),
        (
            "objects/Account/fields/F__c.field-meta.xml",
            (
                f"<CustomField {NS}><fullName>F__c</fullName><type>Picklist</type><valueSet><valueSetName>No</valueSetName></valueSet>"
                "</CustomField>"
            ),
            "value set 'No' is not in the package",
        ),
    ],
)
def test_what_cannot_be_built_says_why(path, content, message):
    with pytest.raises(ValueError, match=message):
        metadata.build({path: content.encode()})


def test_every_relationship_name_is_unique_on_its_parent():
    schema = metadata.build(read_folder(PACKAGE))
    for o in schema.objects.values():
        names = [c.relationship_name for c in o.children if c.relationship_name]
        assert len(set(names)) == len(names), o.name


def test_the_package_sends_one_outbound_message():
    rules = outbound_rules.read(read_folder(PACKAGE))
    assert [(r.object, r.fields) for r in rules] == [("Sync_Request__c", ("Id",))]
    assert rules[0].conditions[0].holds({"Status__c": "Queued"})
    assert not rules[0].conditions[0].holds({"Status__c": "Done"})
