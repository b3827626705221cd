"""The kinds of metadata components: their names, file suffixes, folders, and what stands inside an object's file.

Asked by deployments, package_format and retrieval. Not here: what a component does (nothing, but for those in USED).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Kind:
    """One kind of component: `directory` is its folder in a package, `has_folders` whether its files lie in folders of their own."""

    name: str
    directory: str
    suffix: str
    has_folders: bool = False


OBJECT = Kind("CustomObject", "objects", "object")
KINDS = (
    OBJECT,
    Kind("ApexClass", "classes", "cls"),
    Kind("CustomApplication", "applications", "app"),
    Kind("CustomLabels", "labels", "labels"),
    Kind("CustomNotificationType", "notificationtypes", "notiftype"),
    Kind("CustomPermission", "customPermissions", "customPermission"),
    Kind("CustomTab", "tabs", "tab"),
    Kind("Dashboard", "dashboards", "dashboard", has_folders=True),
    Kind("DuplicateRule", "duplicateRules", "duplicateRule"),
    Kind("FlexiPage", "flexipages", "flexipage"),
    Kind("Flow", "flows", "flow"),
    Kind("GlobalValueSet", "globalValueSets", "globalValueSet"),
    Kind("Group", "groups", "group"),
    Kind("Layout", "layouts", "layout"),
    Kind("MatchingRules", "matchingRules", "matchingRule"),
    Kind("PathAssistant", "pathAssistants", "pathAssistant"),
    Kind("PermissionSet", "permissionsets", "permissionset"),
    Kind("Queue", "queues", "queue"),
    Kind("QuickAction", "quickActions", "quickAction"),
    Kind("Report", "reports", "report", has_folders=True),
    Kind("Settings", "settings", "settings"),
    Kind("SharingRules", "sharingRules", "sharingRules"),
    Kind("Workflow", "workflows", "workflow"),
)
FOLDER_KINDS = {"ReportFolder": "Report", "DashboardFolder": "Dashboard"}
CHILDREN: Mapping[str, str] = {
    "fields": "CustomField",
    "listViews": "ListView",
    "validationRules": "ValidationRule",
    "compactLayouts": "CompactLayout",
    "fieldSets": "FieldSet",
    "recordTypes": "RecordType",
    "webLinks": "WebLink",
}
USED = {"object", "globalValueSet", "permissionset", "queue", "workflow", "duplicateRule", "matchingRule"}
USED_CHILDREN = {"fields", "validationRules"}
_NAMES = {kind.suffix: kind.name for kind in KINDS} | {f[0].lower() + f[1:]: f for f in FOLDER_KINDS}
_BY_NAME = {kind.name: kind for kind in KINDS}


def suffix_of(path: str) -> str:
    """Give the suffix that says what kind of component a file of a package is."""
    return PurePosixPath(path).suffix.removeprefix(".")


def kind_name(path: str) -> str:
    """Name the kind of a file of a package; an unknown suffix names itself."""
    suffix = suffix_of(path)
    return _NAMES.get(suffix, suffix)


def by_name(name: str) -> Kind | None:
    """Find a kind by its name; a kind that stands inside an object's file has none of its own."""
    return _BY_NAME.get(name)


def full_name(path: str) -> str:
    """Name a component as the Metadata API does: reports and dashboards with their folder."""
    pure = PurePosixPath(path)
    kind = _BY_NAME.get(kind_name(path))
    return "/".join((*pure.parts[1:-1], pure.stem)) if kind is not None and kind.has_folders else pure.stem
