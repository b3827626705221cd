"""The org in the same process answers what it answers over a socket."""

import pytest
import requests

from crm_sync.local_org import api as routes
from crm_sync.local_org.in_process import InProcess
from crm_sync.local_org.org import ConnectedApp, Org

BASE = "http://127.0.0.1"


@pytest.fixture
def session():
    org = Org(None, None, ConnectedApp(), routes.build())
    made = requests.Session()
    made.mount(BASE, InProcess(org))
    form = {"grant_type": "client_credentials", "client_id": org.app.client_id, "client_secret": org.app.client_secret}
    token = made.post(f"{BASE}/services/oauth2/token", data=form).json()["access_token"]
    made.headers["Authorization"] = f"Bearer {token}"
    yield made
    made.close()
    org.close()


def test_rows_headers_and_packed_bodies(session):
    made = session.post(f"{BASE}/services/data/v68.0/sobjects/Account", json={"Name": "Ünïcode"})
    assert (made.status_code, made.headers["x-crm-sync-embedded"]) == (201, "1")
    record = session.get(BASE + made.headers["Location"])
    assert record.headers["Content-Encoding"] == "gzip"
    assert record.json()["Name"] == "Ünïcode"
    assert session.patch(BASE + made.headers["Location"], json={"Name": "x"}).status_code == 204
    described = session.get(f"{BASE}/services/data/v68.0/sobjects/Account/describe", stream=True)
    assert b'"name":"Account"' in b"".join(described.iter_content(1000))


def test_cuts_are_connection_errors(session):
    session.post(f"{BASE}/_control/faults", json={"kind": "lost_reply"})
    with pytest.raises(requests.ConnectionError):
        session.post(f"{BASE}/services/data/v68.0/sobjects/Lead", json={"LastName": "x", "Company": "c"})
    found = session.get(f"{BASE}/services/data/v68.0/query", params={"q": "SELECT COUNT() FROM Lead"}).json()
    assert found["totalSize"] == 1
