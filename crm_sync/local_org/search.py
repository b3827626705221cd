"""Searches over REST: SOSL, and the same search told in parameters.

Answers `/search` and `/parameterizedSearch`. What a search means and how its rows look is soql's (sosl); parameters are
written as SOSL. Up to API version 36 the answer is the bare list. Not here: suggestions, scope order, search layouts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_sync.local_org import soql
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_implemented
from crm_sync.local_org.org import Org

LAST_WITH_BARE_LIST = 36
_OF_ALL = {"q", "sobject", "sobjects", "fields", "in", "overallLimit", "defaultLimit"}
_OF_OBJECT = {"name", "fields", "where", "orderBy", "limit"}


def search(org: Org, call: Call) -> Reply:
    """Run the FIND in `q`."""
    text = call.query.get("q")
    if not text:
        raise OrgError("MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces.")
    return _run(org, call, text)


def by_uri(org: Org, call: Call) -> Reply:
    """Run a search told in URL parameters: those of one object are written `Account.fields`."""
    given = {name: value for name, value in call.query.items() if "." not in name}
    names = _listed(given.pop("sobject", ""))
    for name in call.query.keys() - given.keys() - {"sobject"}:
        if name.partition(".")[0].lower() not in {listed.lower() for listed in names}:
            raise OrgError("MALFORMED_SEARCH", f"{name} is of no object that sobject names.")
    objects = [{"name": name, **_of(call.query, name)} for name in names]
    return _run(org, call, _written({**given, "sobjects": objects, "fields": _listed(given.get("fields", ""))}))


def by_body(org: Org, call: Call) -> Reply:
    """Run a search told in a JSON body."""
    return _run(org, call, _written(call.json_object()))


def _run(org: Org, call: Call, text: str) -> Reply:
    context = call.user.context(frozenset(org.schema.objects))
    compiled = soql.compile_search(text, org.schema, context, clock=org.clock.now())
    with org.reading(call) as connection:
        found = compiled.records(connection, call.version)
    return Reply(200, found if call.version_number <= LAST_WITH_BARE_LIST else {"searchRecords": found})


def _of(query: Mapping[str, str], name: str) -> dict[str, Any]:
    own = {key.partition(".")[2]: value for key, value in query.items() if key.lower().startswith(f"{name.lower()}.")}
    return {key: _listed(value) if key == "fields" else value for key, value in own.items()}


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _written(given: Mapping[str, Any]) -> str:
    """Write the parameters of a search as SOSL. Raises OrgError for a parameter that is not done here."""
    _check(given, _OF_ALL)
    if not given.get("q"):
        raise OrgError("MALFORMED_SEARCH", "The parameter q, which says what to search for, is missing.")
    objects = given.get("sobjects") or []
    if given.get("fields") and not objects:
        raise OrgError("MALFORMED_SEARCH", "Fields can be named for the objects in sobjects only.")
    returned = ", ".join(_returned(o, given) for o in objects)
    parts = [f"FIND {{{given['q']}}}", f"IN {given.get('in') or 'ALL'} FIELDS"]
    parts += [f"RETURNING {returned}"] if returned else []
    return " ".join(parts + _clause("LIMIT", given.get("overallLimit")))


def _returned(o: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    _check(o, _OF_OBJECT)
    fields = o.get("fields") or given.get("fields") or ["Id"]
    clauses = _clause("WHERE", o.get("where")) + _clause("ORDER BY", o.get("orderBy"))
    clauses += _clause("LIMIT", o.get("limit") or given.get("defaultLimit"))
    return f"{o.get('name')}({' '.join([', '.join(map(str, fields)), *clauses])})"


def _clause(keyword: str, value: Any) -> list[str]:
    return [f"{keyword} {value}"] if value else []


def _check(given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise not_implemented(f"the search parameter {unknown[0]}")
