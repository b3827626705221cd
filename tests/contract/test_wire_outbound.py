"""Outbound messages reach the worker, are repeated until acknowledged, and carry ids alone."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from lxml import etree

ACK = (
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


@pytest.fixture
def listener():
    """A listener on loopback: what it got, and how many times it fails first."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((dict(self.headers), body))
            fine = len(server.got) > server.failures
            self.send_response(200 if fine else 500)
            self.end_headers()
            self.wfile.write(ACK if fine else b"")
            if fine:
                server.done.set()

        def log_message(self, *given):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.failures, server.done = [], 0, threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def point(api, listener):
    api.control("POST", "outbound", {"url": f"http://127.0.0.1:{listener.server_port}/hook?x=1"})


def states(api):
    return {m["record_id"]: m["state"] for m in api.control("GET", "outbound").json()["messages"]}


def wait_until_sent(api, record_id):
    for _ in range(200):
        if states(api).get(record_id) == "sent":
            return
        threading.Event().wait(0.01)
    raise AssertionError(states(api))


def test_a_queued_request_wakes_the_worker(api, listener):
    point(api, listener)
    record_id = api.create("Sync_Request__c", Scope__c="Everything", Status__c="Queued")
    assert listener.done.wait(5)
    headers, body = listener.got[0]
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert headers["SOAPAction"] == '""'
    names = {"o": "http://soap.sforce.com/2005/09/outbound", "s": "urn:sobject.enterprise.soap.sforce.com"}
    root = etree.fromstring(body)
    assert root.findtext(".//o:OrganizationId", namespaces=names) == "00D000000000000EAA"
    assert [e.text for e in root.iterfind(".//o:sObject/s:Id", names)] == [record_id]
    assert root.find(".//o:SessionId", names).get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    wait_until_sent(api, record_id)


def test_other_rows_and_rolled_back_rows_send_nothing(api, listener):
    point(api, listener)
    records = [
        {"attributes": {"type": "Sync_Request__c"}, "Scope__c": "Everything", "Status__c": "Queued"},
        {"attributes": {"type": "Sync_Request__c"}, "Scope__c": "Nonsense"},
    ]
    before = states(api)
    api.post("composite/sobjects", {"allOrNone": True, "records": records})
    api.create("Sync_Request__c", Scope__c="Everything", Status__c="Done")
    assert states(api) == before


def test_unacknowledged_messages_are_sent_again(api, listener):
    listener.failures = 1
    point(api, listener)
    record_id = api.create("Sync_Request__c", Scope__c="Everything", Status__c="Queued")
    assert listener.done.wait(5)
    first, second = (etree.fromstring(body).findtext(".//{*}Notification/{*}Id") for _, body in listener.got[:2])
    assert first == second
    wait_until_sent(api, record_id)


def test_endpoints_elsewhere_are_never_called(api):
    api.running.org.outbound.url = None
    before = states(api)
    api.create("Sync_Request__c", Scope__c="Everything", Status__c="Queued")
    assert states(api) == before
