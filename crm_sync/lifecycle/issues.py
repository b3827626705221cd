"""Data that the rules cannot use -> one issue per problem, for the one person who can fix it.

Called by `lifecycle.desired`, and by the pipeline when a run may not start (`hidden_fields`). An issue whose problem is gone is marked resolved. Not here: escalations about customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow.compute as pc

from crm_sync.lifecycle.retention import disposal_problem
from crm_sync.lifecycle.world import Row, World, digest, holder_of
from crm_sync.model.names import words
from crm_sync.model.records import Desired, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.program import ObjectMapping
from crm_sync.program.mappings import Joined
from crm_sync.program.templates import occasions


def desired_issues(world: World) -> Iterator[Desired]:
    """Report every problem, and resolve the reported ones that are gone."""
    found = {digest(kind, subject): (kind, subject, fields) for kind, subject, fields in problems(world)}
    yield from (_reported(*found[key], world) for key in sorted(found))
    for row in world.rows("sync_issue"):
        if row.get("key") and row["key"] not in found and not row.get("resolved"):
            yield Desired("sync_issue", {"resolved": True}, key=row["key"], why="the problem is gone")


def hidden_fields(snapshot: Snapshot, fields: Iterable[tuple[str, str]]) -> Iterator[Desired]:
    """Report fields without which no run starts: what a refused run says in the org. A run that starts finds them gone.

    Each is a mapping's name and the field as the org calls it.
    """
    admin = _admin(snapshot.tables["user"].to_pylist())
    for mapping, field in fields:
        summary = f"{field} cannot be read; it protects customers, so no run starts without it."
        yield _reported("Unreadable field", field, _grant(field, mapping, summary, admin))


def _reported(kind: str, subject: str, fields: Mapping[str, Value], world: World | None = None) -> Desired:
    """Say it once; a new issue that nobody is there for belongs to the queue."""
    key = digest(kind, subject)
    queued = world.queued(fields.get("assigned_to")) if world else {}
    first: dict[str, Value] = {"key": key, "kind": kind, "subject": subject, **queued}
    return Desired("sync_issue", {**fields, "resolved": False}, key=key, on_create=first, why=kind)


def problems(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """Every problem as (kind, subject, fields)."""
    yield from _unmapped_values(world)
    yield from _unreadable_fields(world)
    yield from _undecided_rows(world)
    yield from _uses_of_nobody(world)
    yield from _inactive_owners(world)
    yield from _missing_texts(world)
    yield from disposal_problem(world)


def _unmapped_values(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """A picklist value that no mapping translates; the rules treat it as unknown, one issue per value."""
    counted: dict[tuple[str, str, str], int] = {}
    for row in world.snapshot.unmapped.to_pylist():
        seen = (row["object"], row["field"], row["value"])
        counted[seen] = counted.get(seen, 0) + 1
    admin = _admin(world.rows("user"))
    for (name, field, value), count in sorted(counted.items()):
        records = "1 record" if count == 1 else f"{count} records"
        yield (
            "Unmapped value",
            f"{name}.{field} = {value}"[:255],
            {
                "summary": f"{records} of {name} hold {value!r} in {field}; the rules read it as not known."[:255],
                "remedy": f"Add the value under fields.{field}.values in mappings/{name}.yaml, or correct the records.",
                "assigned_to": admin,
            },
        )


def _unreadable_fields(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """A mapped field that the org does not show to the worker; the rules treat it as unknown everywhere."""
    for name, field in sorted(world.snapshot.unreadable):
        mapping = world.program.mappings[name]
        mapped = mapping.fields[field]
        api = f"{mapping.object_of(mapped)}.{mapped.field}"
        summary = f"{api} cannot be read; every rule that needs it answers not known."
        yield "Unreadable field", f"{name}.{field}", _grant(api, name, summary, _admin(world.rows("user")))


def _admin(users: Sequence[Row]) -> str | None:
    """Who sees to fields and mappings: the program's admin, or its owner where nobody is."""
    return holder_of("admin", users) or holder_of("program_owner", users)


def _grant(api: str, mapping: str, summary: str, admin: str | None) -> dict[str, Value]:
    """What an admin reads of a field that the org does not show."""
    remedy = f"Grant read access to {api} in the worker's permission set, or correct mappings/{mapping}.yaml."
    return {"summary": summary[:255], "remedy": remedy, "assigned_to": admin}


def _undecided_rows(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """Records with several rows of a joined object of which none certainly counts; what is from it is not known of them."""
    for mapping in world.program.mappings.values():
        table = world.snapshot.tables[mapping.name]
        for joined in mapping.joined.values():
            row_id, rows = f"{joined.name}.id", f"{joined.name}.rows"
            if row_id not in table.column_names:
                continue
            open_ones = table.filter(pc.and_(pc.is_null(table[row_id]), pc.greater(table[rows], 1)))["id"].to_pylist()
            if open_ones:
                yield _undecided(world, mapping, joined, open_ones)


def _undecided(
    world: World, mapping: ObjectMapping, joined: Joined, records: list[str]
) -> tuple[str, str, dict[str, Value]]:
    number = f"1 {mapping.name} has" if len(records) == 1 else f"{len(records)} {mapping.name}s have"
    by = joined.newest_by and mapping.fields[joined.newest_by].field
    newest = f"the newest by {by}" if by else "the one that counts"
    remedy = (
        f"Give every row a day of its own in {by}, not one to come, or delete the rows that do not count."
        if by
        else f"Delete the rows that do not count, or name a date under joined.{joined.name}.newest_by "
        f"in mappings/{mapping.name}.yaml."
    )
    return (
        "Several rows",
        f"{mapping.name}.{joined.name}",
        {
            "record_id": min(records),
            "summary": f"{number} several rows of {joined.object}, none certainly {newest}; what is from it is not known."[
                :255
            ],
            "remedy": remedy,
            "assigned_to": _admin(world.rows("user")),
        },
    )


def _uses_of_nobody(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """Uses of which nobody knows whose they are: one issue per kind of record, as long as they stop the whole program."""
    for name, several, whom in (("activity", "activities", "contact"), ("match", "matches", "profile")):
        nameless = [record for table, record in world.verdicts.nameless if table == name]
        if nameless:
            number = f"{len(nameless)} {several}" if nameless[1:] else f"1 {name}"
            yield (
                "Use of nobody",
                name,
                {
                    "record_id": nameless[0],
                    "summary": f"{number} without a {whom} may count for anybody; nobody is asked for anything meanwhile.",
                    "remedy": f"Give this {name} its {whom}, and every other that has none.",
                    "assigned_to": world.role("program_owner"),
                },
            )


def _inactive_owners(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """An active reference whose account owner has left: nobody would decide or say thank you."""
    for profile in world.rows("profile"):
        contact = world.row("contact", profile.get("contact")) or {}
        account = world.row("account", contact.get("account")) or {}
        owner = world.row("user", account.get("owner"))
        if profile.get("status") == "active" and owner is not None and owner.get("active") is False:
            yield (
                "Inactive owner",
                f"account {account['id']}",
                {
                    "record_id": account["id"],
                    "summary": "The owner of this account is no longer active; their manager or the program owner stands in.",
                    "remedy": "Give the account an active owner.",
                    "assigned_to": world.active_user(owner["id"]),
                },
            )


def _missing_texts(world: World) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """A text that colleagues need for the references they have, and that nobody has approved or that is over."""
    active = [profile for profile in world.rows("profile") if profile.get("status") == "active"]
    approved = {t for profile in active for t in profile.get("approved_types") or ()}
    wanted = occasions(t for t in world.program.types if t in approved) if active else ()
    for kind, t in world.program.templates.lacking(wanted, world.today):
        about = f" about {words(t)}" if t else ""
        yield (
            "Missing text",
            f"{kind} {t or ''}".strip(),
            {
                "summary": f"No approved {words(kind)} text{about} is in force; tasks come without a draft."[:255],
                "remedy": f"Approve one in rules/templates/, with kind {kind}, and a day from which it holds.",
                "assigned_to": world.role("program_owner"),
            },
        )
