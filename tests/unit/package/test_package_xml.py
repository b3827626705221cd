"""Every metadata file is what the Metadata API v63 accepts, element by element and in order, and is filed where
source format expects it. Checked offline; the slowest part is building the schema, once.
"""

from __future__ import annotations

import json

import pytest
from lxml import etree

HEAD = '<{root} xmlns="http://soap.sforce.com/2006/04/metadata">{body}</{root}>'
FOLDERS = {
    "CompactLayout": "compactLayouts",
    "CustomApplication": "applications",
    "CustomField": "fields",
    "CustomNotificationType": "notificationtypes",
    "CustomPermission": "customPermissions",
    "CustomTab": "tabs",
    "FlexiPage": "flexipages",
    "Flow": "flows",
    "GlobalValueSet": "globalValueSets",
    "Group": "groups",
    "Layout": "layouts",
    "ListView": "listViews",
    "PathAssistant": "pathAssistants",
    "PermissionSet": "permissionsets",
    "QuickAction": "quickActions",
    "ReportFolder": "reports",
    "DashboardFolder": "dashboards",
    "SharingRules": "sharingRules",
    "ValidationRule": "validationRules",
    "Workflow": "workflows",
}


def faults(schema, document: str) -> list[str]:
    """What the schema says against this component."""
    schema.validate(etree.fromstring(document))
    return [entry.message for entry in schema.error_log]


def test_every_file_is_valid_metadata(schema, package):
    found = {}
    for file in package.files:
        if not schema.validate(file.root):
            found[file.path.name] = [f"line {e.line}: {e.message}" for e in schema.error_log]
    assert found == {}
    assert len(package.files) > 300


@pytest.mark.parametrize(
    ("root", "body", "complaint"),
    [
        ("CustomField", "<label>A</label><fullName>A__c</fullName>", "fullName"),
        ("CustomField", "<fullName>A__c</fullName><type>Txt</type>", "Txt"),
        ("CustomField", "<fullName>A__c</fullName><sinceLater>true</sinceLater>", "sinceLater"),
        ("CustomObject", "<sharingModel>Secret</sharingModel>", "Secret"),
        ("PermissionSet", "<description>No label</description>", "label"),
        ("Flow", "<label>A</label><apiVersion>63.0</apiVersion>", "apiVersion"),
        ("ListView", "<fullName>All</fullName><label>All</label>", "filterScope"),
    ],
)
def test_seeded_faults_are_caught(schema, root, body, complaint):
    found = faults(schema, HEAD.format(root=root, body=body))
    assert any(complaint in fault for fault in found)


def test_a_good_sample_passes(schema):
    assert faults(schema, HEAD.format(root="CustomField", body="<fullName>A__c</fullName><label>A</label>")) == []


def test_files_are_filed_where_source_format_expects_them(package):
    wrong = [f.path.name for f in package.files if FOLDERS.get(f.kind, f.path.parent.name) != f.path.parent.name]
    assert wrong == []


def test_component_names_match_file_names(package):
    named = {f: f.text("fullName") for f in package.files}
    assert [f.path.name for f, name in named.items() if name is not None and name != f.name] == []


def test_the_project_names_its_package_and_directories(project):
    definition = json.loads((project / "sfdx-project.json").read_text(encoding="utf-8"))
    packaged, unpackaged = definition["packageDirectories"]
    assert packaged["package"] == "CRM Sync - Reference Program"
    assert (packaged["path"], unpackaged["path"]) == ("crm-reference", "unpackaged")
    assert definition["sourceApiVersion"] == "63.0"
    assert definition["namespace"] == ""
    for directory in (packaged, unpackaged):
        assert (project / directory["path"]).is_dir()


def test_no_secret_or_session_travels(package):
    messages = [p for f in package.of("Workflow") for p in f.parts("outboundMessages")]
    assert messages
    for message in messages:
        assert message["includeSessionId"] == "false"
        assert message["fields"] == "Id"
        assert "CHANGE-ME" in message["endpointUrl"]
        assert "CHANGE-ME" in message["integrationUser"]
