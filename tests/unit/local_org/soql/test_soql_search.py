"""SOSL: which words are found, in which fields, of which objects, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_sync.local_org.schema import Schema
from crm_sync.local_org.soql import SoqlError, SoqlUnsupported, compile_search
from crm_sync.local_org.soql.search_words import FIELD_END, matches
from crm_sync.local_org.soql.sosl import shares
from tests.unit.local_org.soql.conftest import CLOCK

RECORD = FIELD_END.join(["Ann Marie O'Brien", "ann@old-mill.example", "Long notes: twenty, 30 and\nmore", ""])

FOUND = [
    "ann",
    "ANN",
    "ann marie",
    "ann mill",  # in different fields
    '"ann marie"',
    "o\\'brien",
    "ann@old\\-mill.example",
    "mar*",
    "m*ie",
    "br?en",
    "nobody OR ann",
    "nobody or ann",
    "ann AND NOT nobody",
    "ann and marie",
    "(nobody OR ann) AND (mill OR void)",
    "nobody AND void OR ann",  # AND binds tighter
    "ann OR nobody AND void",
    "30",
    '"twenty, 30"',
    '"notes\\: twenty"',
]
MISSED = [
    "nobody",
    "an",  # whole words
    "ann nobody",
    '"marie ann"',
    '"ann ann"',  # a phrase does not reach into the next field
    '"o\'brien ann"',
    "m?ie",
    "ann AND NOT marie",
    "(ann OR marie) AND nobody",
    "example\\-ann",
]


@pytest.mark.parametrize("words", FOUND)
def test_found(words):
    assert matches(words, RECORD)


@pytest.mark.parametrize("words", MISSED)
def test_missed(words):
    assert not matches(words, RECORD)


def search(org, text, schema=None):
    compiled = compile_search(text, schema or org.schema, org.user, CLOCK)
    return compiled.records(org.connection)


def names(org, text):
    """Give what was found as (object, value of each field)."""
    return [(r["attributes"]["type"], *(v for k, v in r.items() if k != "attributes")) for r in search(org, text)]


def test_returning_decides_objects_fields_filter_order_and_number(org):
    assert names(org, "FIND {acme} RETURNING Account(Name)") == [("Account", "Acme")]
    assert names(org, "FIND {acme} RETURNING Account") == [("Account", org.ACME)]
    assert names(org, "find {ann OR bob} returning contact(firstname ORDER BY FirstName DESC)") == [
        ("Contact", "Bob"),
        ("Contact", "Ann"),
    ]
    assert names(
        org, "FIND {ann OR bob} RETURNING Contact(Name WHERE Account.Name = 'Acme' ORDER BY Name LIMIT 1)"
    ) == [("Contact", "Ann Archer")]
    assert names(org, "FIND {ann OR bob} RETURNING Contact(Name ORDER BY Name LIMIT 1 OFFSET 1)") == [
        ("Contact", "Bob O'Brien")
    ]
    [found] = search(org, "FIND {ann} RETURNING Contact(Account.Name, Id)")
    assert found["Account"]["Name"] == "Acme"
    assert names(org, "FIND {call OR ann} RETURNING Task(Subject), Contact(LastName)") == [
        ("Task", "Call"),
        ("Contact", "Archer"),
    ]


def test_without_returning_every_searchable_object_answers_with_ids(org):
    assert names(org, "FIND {acme}") == [("Account", org.ACME), ("Contact", org.ANN)]
    hidden = org.as_user(hidden_objects=frozenset({"contact"}))
    assert names(hidden, "FIND {acme}") == [("Account", org.ACME)]


def test_groups_of_fields(org):
    assert names(org, "FIND {acme} IN EMAIL FIELDS RETURNING Account, Contact(Name)") == [("Contact", "Ann Archer")]
    assert names(org, "FIND {call} IN NAME FIELDS RETURNING Task(Subject)") == [("Task", "Call")]
    assert names(org, "FIND {acme} IN PHONE FIELDS RETURNING Account, Contact") == []
    assert names(org, "FIND {Retail} RETURNING Account") == [], "a picklist is no text"


def test_what_is_deleted_or_hidden_is_not_found(org):
    assert names(org, "FIND {gone} RETURNING Account") == []
    hidden = org.as_user(hidden_fields=frozenset({("contact", "email")}))
    assert names(hidden, "FIND {acme} RETURNING Contact") == []
    with pytest.raises(SoqlError, match="No such column 'Email'"):
        search(hidden, "FIND {ann} RETURNING Contact(Email)")


def test_the_limit_is_shared_among_objects(org):
    words = "FIND {acme OR ann OR bob OR call OR visit} RETURNING Account, Contact, Task"
    assert len(search(org, words)) == 5
    assert [kind for kind, _ in names(org, f"{words} LIMIT 3")] == ["Account", "Contact", "Task"]
    assert search(org, f"{words} LIMIT 0") == []


@pytest.mark.parametrize(
    ("sizes", "most", "given"),
    [
        ([5, 5], 4, [2, 2]),
        ([1, 9], 6, [1, 5]),
        ([9, 1], 6, [5, 1]),
        ([2, 2], 9, [2, 2]),
        ([3, 0, 3], 5, [2, 0, 3]),
        ([], 5, []),
    ],
)
def test_shares(sizes, most, given):
    assert shares(sizes, most) == given


REFUSED = {
    "FIND acme": ("MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."),
    "SELECT Id FROM Account": ("MALFORMED_SEARCH", "must be enclosed in braces"),
    "FIND {a}": ("MALFORMED_SEARCH", "search term must be longer than one character: a"),
    "FIND {}": ("MALFORMED_SEARCH", "unexpected token: ''"),
    "FIND {John|jane} RETURNING Contact": ("MALFORMED_SEARCH", "line 1:10 mismatched character '|' expecting '}'"),
    "FIND {o'brien}": ("MALFORMED_SEARCH", "line 1:7 mismatched character ''' expecting '}'"),
    "FIND {(acme}": ("MALFORMED_SEARCH", "unexpected token: '(acme'"),
    "FIND {acme} RETURNING": ("MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
    "FIND {acme} RETURNING Account()": ("MALFORMED_SEARCH", "unexpected token: ')'"),
    "FIND {acme} RETURNING Account, account(Name)": ("MALFORMED_SEARCH", "duplicate object in RETURNING: account"),
    "FIND {acme} RETURNING Account(Name OFFSET 1), Contact": ("MALFORMED_SEARCH", "OFFSET is allowed only when one"),
    "FIND {acme} RETURNING Account((SELECT Id FROM Contacts))": ("MALFORMED_SEARCH", "RETURNING takes fields"),
    "FIND {acme} RETURNING Account(COUNT())": ("MALFORMED_SEARCH", "must be grouped or aggregated"),
    "FIND {acme} RETURNING XYZZY": ("INVALID_TYPE", "sObject type 'XYZZY' is not supported."),
    "FIND {acme} RETURNING Account(Nmae)": ("INVALID_FIELD", "No such column 'Nmae' on entity 'Account'."),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(org, text):
    code, message = REFUSED[text]
    with pytest.raises(SoqlError) as refusal:
        search(org, text)
    assert (refusal.value.code, refusal.value.status) == (code, 400)
    assert message in refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        "FIND {acme} IN SIDEBAR FIELDS",
        "FIND {acme} WITH METADATA",
        "FIND {acme} RETURNING Account WITH SNIPPET (target_length=120) LIMIT 3",
        "FIND {acme} RETURNING Account UPDATE TRACKING",
        "FIND {acme} RETURNING Account(Name USING LISTVIEW = Recent)",
        "FIND {*cme}",
    ],
)
def test_known_and_not_done(org, text):
    with pytest.raises(SoqlUnsupported):
        search(org, text)


def test_an_object_that_is_not_searchable(org):
    objects = {**org.schema.objects, "task": replace(org.schema.objects["task"], searchable=False)}
    schema = Schema(objects)
    assert {r["attributes"]["type"] for r in search(org, "FIND {call OR acme}", schema)} == {"Account", "Contact"}
    with pytest.raises(SoqlError, match="entity type Task does not support search"):
        search(org, "FIND {call} RETURNING Task", schema)
