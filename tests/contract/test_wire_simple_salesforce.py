"""The worker's client library against the local org, unchanged but for the scheme."""

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)


class PlainHttp(HTTPAdapter):
    """Speaks http where the library insists on https."""

    def send(self, request, **more):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **more)


@pytest.fixture
def sf(api):
    session = requests.Session()
    session.mount("https://127.0.0.1", PlainHttp())
    yield Salesforce(instance_url=api.base, session_id=api.token, session=session, version="66.0")
    session.close()


def test_rows(sf):
    made = sf.Account.create({"Name": "Simple"})
    assert made["success"]
    assert sf.Account.get(made["id"])["Name"] == "Simple"
    assert sf.Account.update(made["id"], {"Name": "Plain"}) == 204
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(made["id"])


def test_upsert_and_its_exceptions(sf):
    assert sf.Sync_Issue__c.upsert("External_Key__c/simple", {"Kind__c": "k"}) == 201
    assert sf.Sync_Issue__c.upsert("External_Key__c/simple", {"Kind__c": "l"}) == 200
    assert sf.Sync_Issue__c.get_by_custom_id("External_Key__c", "simple")["Kind__c"] == "l"
    for _ in range(2):
        sf.Contact.create({"LastName": "x", "Email": "simple@x.example"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/simple@x.example", {"LastName": "y"})
    with pytest.raises(SalesforceMalformedRequest):
        sf.Contact.create({})


def test_queries_page_by_page(sf, api):
    records = [
        {"attributes": {"type": "Lead", "referenceId": f"r{n}"}, "LastName": f"s{n}", "Company": "c"}
        for n in range(200)
    ]
    for _ in range(11):
        assert api.post("composite/tree/Lead", {"records": records}).status_code == 201
    found = list(sf.query_all_iter("SELECT Id, Company FROM Lead"))
    assert len(found) == 2200
    assert len({r["Id"] for r in found}) == 2200
    assert sf.query("SELECT COUNT() FROM Lead", include_deleted=True)["totalSize"] == 2200


def test_describe_limits_and_usage(sf):
    assert sf.Contact.describe()["name"] == "Contact"
    assert sf.describe()["maxBatchSize"] == 200
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.api_usage["api-usage"].total == 100_000


def test_an_ended_session_raises(sf, api):
    api.control("DELETE", "sessions")
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Lead LIMIT 1")
