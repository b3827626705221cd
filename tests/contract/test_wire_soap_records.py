"""The partner SOAP API's calls about records: what data movers of the field speak."""

import pytest
import requests
from lxml import etree

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Soap:
    """The partner API as one user: operation and body in, the results out."""

    def __init__(self, api):
        self.api = api

    def envelope(self, operation, body, **headers):
        told = "".join(f"<urn:{name}>{inside}</urn:{name}>" for name, inside in headers.items())
        text = (
            '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com"'
            ' xmlns:ens="urn:sobject.partner.soap.sforce.com">'
            f"<env:Header><urn:SessionHeader><urn:sessionId>{self.api.token}</urn:sessionId></urn:SessionHeader>{told}"
            f"</env:Header><env:Body><urn:{operation}>{body}</urn:{operation}></env:Body></env:Envelope>"
        )
        sent = {"Content-Type": "text/xml", "SOAPAction": '""'}
        return requests.post(f"{self.api.base}/services/Soap/u/68.0", data=text.encode(), headers=sent, timeout=10)

    def __call__(self, operation, body="", **headers):
        reply = self.envelope(operation, body, **headers)
        assert reply.status_code == 200, reply.text
        response = etree.fromstring(reply.content).find(".//{*}Body")[0]
        assert etree.QName(response) == etree.QName("urn:partner.soap.sforce.com", f"{operation}Response")
        return response.findall("{*}result")

    def fault(self, operation, body=""):
        reply = self.envelope(operation, body)
        return reply.status_code, etree.fromstring(reply.content).findtext(".//{*}exceptionCode")


@pytest.fixture
def soap(api):
    return Soap(api)


def sobject(kind, **values):
    inside = "".join(f"<ens:{k}>{v}</ens:{k}>" for k, v in values.items())
    return f"<urn:sObjects><ens:type>{kind}</ens:type>{inside}</urn:sObjects>"


def told(result, *tags):
    return tuple(result.findtext(f"{{*}}{tag}") for tag in tags)


def made(soap, *records, **headers):
    return [r.findtext("{*}id") for r in soap("create", "".join(records), **headers)]


def test_create_update_and_retrieve(api, soap):
    good, bad = soap("create", sobject("Lead", LastName="Soapy", Company="c", NumberOfEmployees="7") + sobject("Lead"))
    lead = good.findtext("{*}id")
    assert (told(good, "success"), bad.find("{*}id").get(f"{XSI}nil")) == (("true",), "true")
    error = bad.find("{*}errors")
    assert [etree.QName(e).localname for e in error] == ["fields", "fields", "message", "statusCode"]
    assert told(error, "statusCode") == ("REQUIRED_FIELD_MISSING",)
    soap("update", sobject("Lead", Id=lead, Company="d", fieldsToNull="NumberOfEmployees", Site=""))
    row = soap(
        "retrieve",
        f"<fieldList>Id,Company,NumberOfEmployees,CreatedDate</fieldList><sObjectType>Lead</sObjectType><ids>{lead}</ids>",
    )[0]
    assert told(row, "type", "Id", "Company", "CreatedDate") == ("Lead", lead, "d", "2026-11-20T12:00:00.000Z")
    assert row.find("{*}NumberOfEmployees").get(f"{XSI}nil") == "true"
    missing = soap("retrieve", "<fieldList>Id</fieldList><sObjectType>Lead</sObjectType><ids>00QLo0000zzzzzz</ids>")[0]
    assert missing.get(f"{XSI}nil") == "true"


def test_upsert_by_external_id_and_parents_by_external_id(api, soap):
    api.create("Contact", LastName="Parent", Email="soap@x.example")
    parent = "<ens:Contact__r><ens:type>Contact</ens:type><ens:Email>soap@x.example</ens:Email></ens:Contact__r>"
    record = (
        "<urn:externalIDFieldName>External_Key__c</urn:externalIDFieldName><urn:sObjects><ens:type>Reference_Profile__c"
        f"</ens:type><ens:External_Key__c>soap-1</ens:External_Key__c>{parent}</urn:sObjects>"
    )
    first, again = soap("upsert", record)[0], soap("upsert", record)[0]
    assert (told(first, "created", "success"), told(again, "created", "success")) == (
        ("true", "true"),
        ("false", "true"),
    )
    assert api.row("Reference_Profile__c", told(first, "id")[0])["Contact__c"]


def test_queries_page_and_nest(soap):
    account = made(soap, sobject("Account", Name="Nested"))[0]
    for start in range(0, 250, 125):
        made(soap, *(sobject("Contact", LastName=f"c{n:03}", AccountId=account) for n in range(start, start + 125)))
    query = "<urn:queryString>SELECT Id, LastName, Account.Name, Title FROM Contact WHERE Account.Name = 'Nested' ORDER BY LastName</urn:queryString>"
    first = soap("query", query, QueryOptions="<urn:batchSize>200</urn:batchSize>")[0]
    assert told(first, "done", "size") == ("false", "250")
    records = first.findall("{*}records")
    assert (len(records), told(records[0], "type", "LastName")) == (200, ("Contact", "c000"))
    assert told(records[0].find("{*}Account"), "type", "Name") == ("Account", "Nested")
    assert len(records[0].findall("{*}Id")) == 2
    rest = soap("queryMore", f"<urn:queryLocator>{told(first, 'queryLocator')[0]}</urn:queryLocator>")[0]
    assert (told(rest, "done"), len(rest.findall("{*}records"))) == (("true",), 50)
    nested = soap(
        "query",
        "<urn:queryString>SELECT Name, (SELECT Id FROM Contacts LIMIT 3) FROM Account WHERE Name = 'Nested'</urn:queryString>",
    )[0]
    assert told(nested.find("{*}records/{*}Contacts"), "done", "size") == ("true", "3")
    counted = soap(
        "query", "<urn:queryString>SELECT COUNT(Id) FROM Contact WHERE Account.Name = 'Nested'</urn:queryString>"
    )[0].find("{*}records")
    assert told(counted, "type", "expr0") == ("AggregateResult", "250")


def test_delete_undelete_and_the_recycle_bin(api, soap):
    lead = made(soap, sobject("Lead", LastName="Binned", Company="c"))[0]
    results = soap("delete", f"<urn:ids>{lead}</urn:ids><urn:ids>{lead}</urn:ids><urn:ids>nonsense</urn:ids>")
    assert [told(r, "success")[0] for r in results] == ["true", "false", "false"]
    gone = "<urn:queryString>SELECT Id FROM Lead WHERE IsDeleted = true</urn:queryString>"
    assert told(soap("queryAll", gone)[0], "size") == ("1",)
    assert told(soap("undelete", f"<urn:ids>{lead}</urn:ids>")[0], "id", "success") == (lead, "true")
    assert api.row("Lead", lead)["IsDeleted"] is False
    soap("delete", f"<urn:ids>{lead}</urn:ids>")
    soap("emptyRecycleBin", f"<urn:ids>{lead}</urn:ids>")
    assert told(soap("queryAll", gone)[0], "size") == ("0",)


def test_merge_sets_the_master_and_moves_children(api, soap):
    master, loser = made(soap, sobject("Account", Name="Master"), sobject("Account", Name="Loser"))
    contact = api.create("Contact", LastName="Moved", AccountId=loser)
    result = soap(
        "merge",
        f"<urn:request><urn:masterRecord><ens:type>Account</ens:type><ens:Id>{master}</ens:Id><ens:Site>both</ens:Site>"
        f"</urn:masterRecord><urn:recordToMergeIds>{loser}</urn:recordToMergeIds></urn:request>",
    )[0]
    assert told(result, "id", "mergedRecordIds", "success", "updatedRelatedIds") == (master, loser, "true", contact)
    assert api.row("Account", master)["Site"] == "both"
    found = api.query(f"SELECT MasterRecordId FROM Account WHERE Id = '{loser}'", "queryAll")["records"][0]
    assert found["MasterRecordId"] == master
    lead = made(soap, sobject("Lead", LastName="l", Company="c"))[0]
    event = f"<urn:request><urn:masterRecord><ens:type>Lead</ens:type><ens:Id>{lead}</ens:Id></urn:masterRecord></urn:request>"
    assert told(soap("merge", event)[0], "success") == ("false",)


def test_all_or_none_and_duplicates_in_headers(api, soap):
    both = sobject("Lead", LastName="aon", Company="c") + sobject("Lead")
    results = soap("create", both, AllOrNoneHeader="<urn:allOrNone>true</urn:allOrNone>")
    assert [r.findtext("{*}errors/{*}statusCode") for r in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert api.query("SELECT COUNT() FROM Lead WHERE LastName = 'aon'")["totalSize"] == 0


def test_what_the_org_tells_of_itself(api, soap):
    described = soap("describeSObject", "<urn:sObjectType>Lead</urn:sObjectType>")[0]
    assert told(described, "name", "keyPrefix", "createable") == ("Lead", "00Q", "true")
    assert {told(f, "name")[0] for f in described.findall("{*}fields")} >= {"Id", "Company"}
    assert (
        len(soap("describeSObjects", "<urn:sObjectType>Lead</urn:sObjectType><urn:sObjectType>Case</urn:sObjectType>"))
        == 2
    )
    assert "Lead" in {told(o, "name")[0] for o in soap("describeGlobal")[0].findall("{*}sobjects")}
    assert told(soap("getServerTimestamp")[0], "timestamp") == ("2026-11-20T12:00:00.000Z",)
    lead = made(soap, sobject("Lead", LastName="l", Company="c"))[0]
    api.control("POST", "clock", {"advance": 60})
    span = "<urn:sObjectType>Lead</urn:sObjectType><urn:startDate>2026-11-20T12:00:00Z</urn:startDate><urn:endDate>2026-11-20T12:01:00Z</urn:endDate>"
    assert lead in {e.text for e in soap("getUpdated", span)[0].findall("{*}ids")}


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("query", "<urn:queryString>nonsense</urn:queryString>", "MALFORMED_QUERY"),
        ("query", "<urn:queryString>SELECT Nothing FROM Lead</urn:queryString>", "INVALID_FIELD"),
        ("queryMore", "<urn:queryLocator>x</urn:queryLocator>", "INVALID_QUERY_LOCATOR"),
        ("create", sobject("Nothing__c"), "INVALID_TYPE"),
        ("create", "", "EXCEEDED_ID_LIMIT"),
        ("describeSObject", "<urn:sObjectType>Nothing</urn:sObjectType>", "INVALID_TYPE"),
    ],
)
def test_refusals_are_faults(soap, operation, body, code):
    assert soap.fault(operation, body) == (500, code)


def test_values_of_the_wrong_kind_are_faults_of_their_record(soap):
    result = soap("create", sobject("Lead", LastName="x", Company="c", NumberOfEmployees="many"))[0]
    assert result.findtext("{*}errors/{*}statusCode") == "INVALID_FIELD"


def test_an_exhausted_day_and_old_versions(api, soap):
    api.control("POST", "limits", {"DailyApiRequests": 0})
    assert soap.fault("getServerTimestamp") == (500, "REQUEST_LIMIT_EXCEEDED")
    api.control("POST", "limits", {"DailyApiRequests": 100_000})
    old = requests.post(f"{api.base}/services/Soap/u/30.0", data=b"<x/>", timeout=10)
    assert (old.status_code, b"UNSUPPORTED_API_VERSION" in old.content) == (500, True)
