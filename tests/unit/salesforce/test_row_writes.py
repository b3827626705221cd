"""Writing rows: how they are packed, and one answer for each whatever the org says. And never to the wrong org."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import responses

from crm_sync.errors import ConfigurationError, PermanentError, WrongOrgError
from crm_sync.ports import Handling, RowWrite, UnclearWriteError
from crm_sync.salesforce.org import SalesforceOrg
from tests.unit.salesforce.imagined_org import DATA, ORG_ID, sent

ID = "001000000000001AAA"
Connect = Callable[..., SalesforceOrg]


def organization(wire: responses.RequestsMock, org_id: str = ORG_ID, *, sandbox: bool = False) -> None:
    record = {"Id": org_id, "Name": "Example", "IsSandbox": sandbox}
    wire.get(f"{DATA}/query", json={"totalSize": 1, "done": True, "records": [record]})


def row(key: str, object_name: str = "X", **values: Any) -> RowWrite:
    return RowWrite(object_name, "K", key, values)


def ok(**more: Any) -> dict[str, Any]:
    return {"id": ID, "success": True, "errors": []} | more


def bad(code: str = "STRING_TOO_LONG", **more: Any) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": "m", "fields": ["F"]}]} | more


def test_one_collection_goes_alone(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", json=[ok(created=True), bad()])
    first, second = connect().upsert([row("a", F="1", P__r={"K": "p"}), row("b", F=None)])
    assert (first.ok, first.record_id, first.created) == (True, ID, True)
    assert (second.ok, second.code, second.fields, second.handling, second.whole_batch) == (
        False,
        "STRING_TOO_LONG",
        ("F",),
        Handling.QUARANTINE_RECORD,
        False,
    )
    assert sent(logged_in.calls[-1].request) == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "X"}, "K": "a", "F": "1", "P__r": {"K": "p"}},
            {"attributes": {"type": "X"}, "K": "b", "F": None},
        ],
    }


def test_two_hundred_to_a_collection_and_five_collections_to_a_call(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    sizes: list[list[int]] = []

    def composite(request: Any) -> tuple[int, dict[str, str], str]:
        body = sent(request)
        assert (body["allOrNone"], body["collateSubrequests"]) == (False, False)
        parts = body["compositeRequest"]
        sizes.append([len(part["body"]["records"]) for part in parts])
        found = [
            {"referenceId": part["referenceId"], "httpStatusCode": 200, "body": [ok() for _ in part["body"]["records"]]}
            for part in parts
        ]
        return 200, {}, json.dumps({"compositeResponse": found})

    organization(logged_in)
    logged_in.add_callback(responses.POST, f"{DATA}/composite", composite)
    org = connect()
    rows = [row(str(i)) for i in range(450)] + [row(str(i), "Y") for i in range(750)]
    assert len(org.upsert(rows)) == 1200
    assert sizes == [[200, 200, 50, 200, 200], [200, 150]]
    assert org.calls == 3


def test_rows_with_an_id_are_updated_and_new_rows_inserted(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    logged_in.patch(f"{DATA}/composite/sobjects", json=[ok()])
    logged_in.post(f"{DATA}/composite/sobjects", json=[bad("DUPLICATE_VALUE")])
    org = connect()
    assert org.upsert([RowWrite("X", "Id", ID[:15], {"F": 1})])[0].ok
    assert sent(logged_in.calls[-1].request)["records"] == [{"attributes": {"type": "X"}, "id": ID, "F": 1}]
    (answer,) = org.upsert([RowWrite("X", "K", "a", {"F": 1}, create_only=True)])
    assert answer.handling is Handling.REPLAN


@pytest.mark.parametrize("pattern", list(product([True, False], repeat=4)))
def test_every_pattern_of_failing_rows_is_told_apart(
    logged_in: responses.RequestsMock, connect: Connect, pattern: tuple[bool, ...]
) -> None:
    organization(logged_in)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", json=[ok() if good else bad() for good in pattern])
    answers = connect().upsert([row(str(i)) for i in range(len(pattern))])
    assert tuple(answer.ok for answer in answers) == pattern


def test_a_refused_batch_accuses_no_row(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    body = [{"message": "No such column", "errorCode": "INVALID_FIELD"}]
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", status=400, json=body)
    answers = connect().upsert([row("a"), row("b")])
    assert [(answer.code, answer.whole_batch) for answer in answers] == [("INVALID_FIELD", True)] * 2
    (alone,) = connect().upsert([row("a")])
    assert (alone.code, alone.whole_batch) == ("INVALID_FIELD", False)


@pytest.mark.parametrize("body", [[], [{"id": ID, "success": True}] * 3, {}, {"a": 1}])
def test_answers_that_do_not_match_the_rows_are_unclear(
    logged_in: responses.RequestsMock, connect: Connect, body: Any
) -> None:
    organization(logged_in)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", json=body)
    with pytest.raises(UnclearWriteError):
        connect().upsert([row("a"), row("b")])


@pytest.mark.parametrize(
    "item", [None, [], {}, {"success": "yes"}, {"success": False}, {"success": False, "errors": []}]
)
def test_an_answer_that_does_not_say_success_is_none(
    logged_in: responses.RequestsMock, connect: Connect, item: Any
) -> None:
    organization(logged_in)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", json=[item])
    assert not connect().upsert([row("a")])[0].ok


@pytest.mark.parametrize(
    ("org_id", "sandbox", "settings"),
    [
        (ORG_ID, True, {}),
        (ORG_ID, False, {"expect_sandbox": True}),
        (ORG_ID, False, {"org_id": "00D5g00000AbCdFEAV"}),
        (ORG_ID, False, {"org_id": "00D000000000001EAA"}),
    ],
)
def test_nothing_is_written_to_another_org(
    logged_in: responses.RequestsMock, connect: Connect, org_id: str, sandbox: bool, settings: dict[str, Any]
) -> None:
    organization(logged_in, org_id, sandbox=sandbox)
    with pytest.raises(WrongOrgError, match="Nothing was read or written"):
        connect(**settings).upsert([row("a")])
    assert {call.request.method for call in logged_in.calls[1:]} == {"GET"}


def test_without_a_pinned_org_nothing_is_written(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    with pytest.raises(ConfigurationError, match=f"this one is {ORG_ID}"):
        connect(org_id=None).upsert([row("a")])


def test_a_token_and_an_organization_that_disagree_are_believed_neither(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    organization(logged_in, "00D000000000001EAA")
    with pytest.raises(PermanentError, match="its Organization record does not"):
        connect().identity()


@pytest.mark.parametrize("name", ["X'; DELETE", "../User", "X Y", ""])
def test_names_that_are_no_names_are_never_sent(logged_in: responses.RequestsMock, connect: Connect, name: str) -> None:
    organization(logged_in)
    with pytest.raises(ValueError, match="not an API name"):
        connect().upsert([RowWrite(name, "K", "a", {})])


def test_ids_that_are_no_ids_are_never_sent(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    with pytest.raises(ValueError, match="not a Salesforce id"):
        connect().upsert([RowWrite("X", "Id", "../../sobjects/User/005", {})])
    with pytest.raises(ValueError, match="not a Salesforce id"):
        connect().read_rows("X", ("F",), ["' OR Id != '"])


def test_records_by_id_come_two_thousand_to_a_call_and_gone_ones_are_absent(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    logged_in.post(f"{DATA}/composite/sobjects/Contact", json=[{"Id": ID, "LastName": "Ä"}, None])
    org = connect()
    found = org.read_rows("Contact", ("LastName",), [ID] * 2001)
    assert found.to_pylist() == [{"Id": ID, "LastName": "Ä"}] * 2
    assert [len(sent(call.request)["ids"]) for call in logged_in.calls[1:]] == [2000, 1]


def test_the_daily_limit_met_by_several_collections_is_an_answer_for_every_row(
    logged_in: responses.RequestsMock, connect: Connect
) -> None:
    organization(logged_in)
    body = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    logged_in.post(f"{DATA}/composite", status=403, json=body)
    answers = connect().upsert([row("a"), row("b", "Y")])
    assert [(answer.ok, answer.handling) for answer in answers] == [(False, Handling.DEFER_RUN)] * 2
    assert len(logged_in.calls) == 3


def test_a_refused_package_accuses_none_of_its_collections(logged_in: responses.RequestsMock, connect: Connect) -> None:
    organization(logged_in)
    unreadable = [{"message": "unreadable", "errorCode": "JSON_PARSER_ERROR"}]
    logged_in.post(f"{DATA}/composite", status=400, json=unreadable)
    logged_in.patch(f"{DATA}/composite/sobjects/X/K", json=[ok()])
    logged_in.patch(f"{DATA}/composite/sobjects/Y/K", status=400, json=unreadable)
    answers = connect().upsert([row("a"), row("b", "Y")])
    assert [(answer.ok, answer.code) for answer in answers] == [(True, None), (False, "JSON_PARSER_ERROR")]
