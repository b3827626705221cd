"""Which fields of an object a search looks into, and the condition that its records hold the words.

    Words(text, group) + Scope --condition--> SQL

The groups are those of IN (SOSL guide, IN SearchGroup). Fields the user may not read are not searched. Numbers, dates,
picklists and references are not text and never searched. Called by level. Not here: what matches (search_words).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.soql.resolve import Scope
from crm_sync.local_org.soql.sql import quote
from crm_sync.local_org.soql.syntax import Words

_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "combobox"})
_ALSO_NAMES = {
    "Account": {"Website", "Site"},
    "Case": {"SuppliedName", "SuppliedCompany", "Subject"},
    "Contact": {"AssistantName"},
    "Event": {"Subject"},
    "Lead": {"Company"},
    "Task": {"Subject"},
    "User": {"CommunityNickname"},
}


def condition(scope: Scope, words: Words) -> str:
    """Write the condition on the base object; one that never holds when there is no field to search."""
    base = scope.base
    texts = [
        part
        for f in _fields(base.object, words.group)
        if f.stored and scope.readable(base.object, f.name)
        for part in _texts(f, f"{base.alias}.{quote(f.name)}")
    ]
    return f"search_matches({scope.parameters.add(words.text)}, {' || char(31) || '.join(texts)})" if texts else "0"


def _fields(o: ObjectType, group: str) -> Iterator[Field]:
    for f in o.fields.values():
        if group == "NAME":
            wanted = f.name_field or f.compound == "Name" or f.name in _ALSO_NAMES.get(o.name, ())
        else:
            wanted = f.type in _TEXTS if group == "ALL" else f.type == group.lower()
        if wanted and f.type in _TEXTS:
            yield f


def _texts(f: Field, sql: str) -> list[str]:
    """Give the text of a field; a phone number also as its digits alone, however it is written."""
    text = f"coalesce({sql}, '')"
    return [text, f"coalesce(search_digits({sql}), '')"] if f.type == "phone" else [text]
