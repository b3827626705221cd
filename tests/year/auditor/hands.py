"""S15, S17, S22, R2: what the worker's hands may touch. Each check looks at one entry of the worker's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.year.auditor import law
from tests.year.auditor.org import Entry, Org

NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "Reference_Profile__c": ("Contact__c",),
    "Reference_Match__c": ("Request__c", "Profile__c"),
    "Reference_Activity__c": ("Match__c",),
    "Reference_Coverage__c": ("Industry__c", "Product__c", "Region__c", "Type__c"),
    "Sync_Issue__c": ("Kind__c", "Subject__c"),
    "Task": ("Reference_Task_Key__c",),
    "Case": ("Reference_Case_Key__c",),
}
"""What makes two records of an object the same thing."""


def s15(org: Org, entry: Entry) -> Iterator[str]:
    """S15: only fields the worker owns, and of tasks and cases only its own."""
    allowed = law.OWNED.get(entry.object, set()) | law.ORG_FIELDS
    if entry.action == "insert":
        allowed = allowed | law.ON_CREATION.get(entry.object, set())
    values = (
        entry.after if entry.action != "insert" else {k: v for k, v in entry.after.items() if v not in (None, 0, "")}
    )
    strange = sorted(field for field in values if field not in allowed)
    if strange:
        yield f"{entry.action} of {', '.join(strange)}"
    if entry.action not in ("insert", "update"):
        yield f"{entry.action} by the worker"
    row = org.row(entry.object, entry.record, deleted=True)
    key = {"Task": "Reference_Task_Key__c", "Case": "Reference_Case_Key__c"}.get(entry.object)
    if key and not row.get(key):
        yield f"a {entry.object.lower()} that a person made was changed"
    if entry.object == "Task" and entry.before.get("IsClosed") and entry.sets("IsClosed") == 0:
        yield "a task that was completed was opened again"


def s17(entry: Entry) -> Iterator[str]:
    """S17: the worker writes nothing that reaches a customer, and nothing but the program's own records."""
    if entry.object not in law.OWNED:
        yield f"{entry.object} is not an object of the program"


def s22(entry: Entry) -> Iterator[str]:
    """S22: legal and publication status are never the worker's to set."""
    forbidden = law.NEVER_THE_WORKERS.get(entry.object, set())
    set_anew = sorted(field for field in forbidden if field in entry.after and entry.after[field] not in (None, 0, ""))
    cleared = sorted(field for field in forbidden if field in entry.before and field in entry.after)
    if set_anew or cleared:
        yield f"{', '.join(dict.fromkeys((*set_anew, *cleared)))} was written by the worker"


def s10(org: Org, entry: Entry, forgotten: Mapping[str, set[str]]) -> Iterator[str]:
    """S10: nothing of somebody forgotten in any new text; `forgotten` holds their words by contact."""
    texts = [str(value).casefold() for value in entry.after.values() if isinstance(value, str)]
    for contact, words in forgotten.items():
        found = sorted(word for word in words if any(word in text for text in texts))
        if found:
            yield f"{entry.object} names {found[0]!r}, who asked to be forgotten (contact {contact})"


class Doubles:
    """R2: no second record for the same thing, by what the thing is and not by its key."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], str] = {}

    def r2(self, entry: Entry) -> Iterator[str]:
        """Say what was there before; to be told of every entry, whoever's."""
        fields = NATURAL_KEYS.get(entry.object)
        if fields is None or entry.action != "insert":
            return
        values = [entry.after.get(field) for field in fields]
        if entry.object in ("Reference_Activity__c", "Task", "Case") and not values[0]:
            return
        name = (entry.object, *map(str, values))
        known = self._seen.setdefault(name, entry.record)
        if known != entry.record:
            yield f"{entry.object} {known} is the same: {dict(zip(fields, values, strict=True))}"
