"""Composite, batch and graph: references, halting, rollback."""

DATA = "/services/data/v68.0"


def test_references_flow_from_one_call_to_the_next(api):
    requests = [
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "A", "body": {"Name": "Composite"}},
        {
            "method": "POST",
            "url": f"{DATA}/sobjects/Contact",
            "referenceId": "C",
            "body": {"LastName": "y", "AccountId": "@{A.id}"},
        },
        {
            "method": "GET",
            "url": f"{DATA}/query?q=SELECT Id, LastName FROM Contact WHERE AccountId = '@{{A.id}}'",
            "referenceId": "Q",
        },
        {
            "method": "PATCH",
            "url": f"{DATA}/sobjects/Contact/@{{Q.records[0].Id}}",
            "referenceId": "P",
            "body": {"Title": "is @{Q.records[0].LastName}"},
        },
    ]
    reply = api.post("composite", {"compositeRequest": requests})
    assert reply.status_code == 200
    account, contact, found, changed = reply.json()["compositeResponse"]
    assert account["httpStatusCode"] == 201
    assert account["httpHeaders"]["Location"] == f"{DATA}/sobjects/Account/{account['body']['id']}"
    assert found["body"]["totalSize"] == 1
    assert (changed["httpStatusCode"], changed["body"]) == (204, None)
    assert api.row("Contact", contact["body"]["id"])["Title"] == "is y"


def test_all_or_none_undoes_and_halts(api):
    requests = [
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "A", "body": {"Name": "Halted"}},
        {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "C", "body": {"AccountId": "@{A.id}"}},
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "B", "body": {"Name": "Halted"}},
    ]
    results = api.post("composite", {"allOrNone": True, "compositeRequest": requests}).json()["compositeResponse"]
    assert [r["httpStatusCode"] for r in results] == [400, 400, 400]
    assert [r["body"][0]["errorCode"] for r in results] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert api.query("SELECT COUNT() FROM Account WHERE Name = 'Halted'")["totalSize"] == 0


def test_all_or_none_reaches_into_collections_whatever_they_say(api):
    def lead(name, **values):
        return {"attributes": {"type": "Lead"}, "LastName": name, **values}

    def collection(reference, *records):
        body = {"allOrNone": False, "records": list(records)}
        return {"method": "POST", "url": f"{DATA}/composite/sobjects", "referenceId": reference, "body": body}

    def send(*requests):
        return api.post("composite", {"allOrNone": True, "compositeRequest": list(requests)}).json()[
            "compositeResponse"
        ]

    bad = collection("B", lead("Unit", Company="c"), lead("Unit"))
    first, second, third = send(collection("A", lead("Unit", Company="c")), bad, collection("C", lead("Unit")))
    assert (first["httpStatusCode"], third["httpStatusCode"]) == (400, 400)
    assert [row["errors"][0]["statusCode"] for row in second["body"]] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'Unit'")["totalSize"] == 0
    assert all(part["httpStatusCode"] == 200 for part in send(collection("A", lead("Unit", Company="c"))))
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'Unit'")["totalSize"] == 1


def test_without_all_or_none_the_rest_goes_on(api):
    requests = [
        {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "C", "body": {}},
        {"method": "GET", "url": f"{DATA}/sobjects/Contact/@{{C.id}}", "referenceId": "D"},
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "A", "body": {"Name": "Goes on"}},
    ]
    results = api.post("composite", {"compositeRequest": requests}).json()["compositeResponse"]
    assert [r["httpStatusCode"] for r in results] == [400, 400, 201]
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_conditional_describe_in_a_subrequest(api):
    account = api.create("Account", Name="Seen")
    requests = [
        {
            "method": "GET",
            "url": f"{DATA}/sobjects/Account/{account}",
            "referenceId": "S",
            "httpHeaders": {"If-Modified-Since": "Fri, 20 Nov 2026 13:00:00 GMT"},
        },
    ]
    result = api.post("composite", {"compositeRequest": requests}).json()["compositeResponse"][0]
    assert (result["httpStatusCode"], result["body"]) == (304, None)


def test_malformed_composites_are_refused(api):
    one = {"method": "GET", "url": f"{DATA}/limits", "referenceId": "a"}
    for requests in (
        [one, one],
        [{**one, "referenceId": "1a"}],
        [one | {"httpHeaders": {"Accept": "x"}}],
        [one | {"referenceId": f"r{n}"} for n in range(26)],
        [],
    ):
        assert api.post("composite", {"compositeRequest": requests}).status_code == 400


def test_batch_is_independent_until_told_to_halt(api):
    requests = [
        {"method": "POST", "url": "v68.0/sobjects/Contact", "richInput": {}},
        {"method": "GET", "url": f"{DATA}/limits/recordCount?sObjects=Lead"},
    ]
    reply = api.post("composite/batch", {"batchRequests": requests}).json()
    assert reply["hasErrors"]
    assert [r["statusCode"] for r in reply["results"]] == [400, 200]
    halted = api.post("composite/batch", {"haltOnError": True, "batchRequests": requests}).json()
    assert [r["statusCode"] for r in halted["results"]] == [400, 412]
    assert halted["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_each_graph_is_all_or_none(api):
    def graph(name, body):
        return {
            "graphId": name,
            "compositeRequest": [
                {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "A", "body": {"Name": name}},
                {
                    "method": "POST",
                    "url": f"{DATA}/sobjects/Contact",
                    "referenceId": "C",
                    "body": {**body, "AccountId": "@{A.id}"},
                },
            ],
        }

    body = {"graphs": [graph("whole", {"LastName": "x"}), graph("broken", {})]}
    graphs = api.post("composite/graph", body).json()["graphs"]
    assert [(g["graphId"], g["isSuccessful"]) for g in graphs] == [("whole", True), ("broken", False)]
    assert api.query("SELECT COUNT() FROM Account WHERE Name = 'whole'")["totalSize"] == 1
    assert api.query("SELECT COUNT() FROM Account WHERE Name = 'broken'")["totalSize"] == 0


def test_a_graph_holds_calls_of_rows_alone(api):
    asked = {"method": "GET", "url": "/services/data/v68.0/query?q=SELECT+Id+FROM+Lead", "referenceId": "a"}
    refused = api.post("composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": [asked]}]})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_INPUT")
