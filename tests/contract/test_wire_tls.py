"""TLS beside plain HTTP: an authority to trust, kept from start to start."""

from datetime import timedelta

import pytest
import requests
from simple_salesforce import Salesforce

from crm_sync.local_org import tls
from crm_sync.local_org.server import Tls, running


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    with running(None, None, with_tls=Tls(tmp_path_factory.mktemp("tls"))) as org:
        yield org


def token(org, url, **more):
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    return requests.post(f"{url}/services/oauth2/token", data=form, timeout=10, **more).json()


def test_the_same_org_answers_with_tls_and_without(secure):
    plain, safe = token(secure, secure.base_url), token(secure, secure.tls_url, verify=secure.ca_file)
    assert (plain["instance_url"], safe["instance_url"]) == (secure.base_url, secure.tls_url)
    headers = {"Authorization": f"Bearer {plain['access_token']}"}
    for name in ("127.0.0.1", "localhost"):
        url = secure.tls_url.replace("127.0.0.1", name) + "/services/data/v68.0/limits"
        assert requests.get(url, headers=headers, verify=secure.ca_file, timeout=10).status_code == 200


def test_who_does_not_trust_the_authority_is_warned(secure):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{secure.tls_url}/services/data", timeout=10)


def test_simple_salesforce_needs_nothing_but_the_authority(secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_file))
    session = requests.Session()
    signed = token(secure, secure.tls_url, verify=secure.ca_file)["access_token"]
    sf = Salesforce(instance_url=secure.tls_url, session_id=signed, session=session, version="66.0")
    made = sf.Account.create({"Name": "over TLS"})
    assert sf.query(f"SELECT Name FROM Account WHERE Id = '{made['id']}'")["records"][0]["Name"] == "over TLS"
    session.close()


def test_certificates_are_kept_and_renewed_in_time(tmp_path, monkeypatch):
    first = tls.identity(tmp_path)
    content = first.ca_file.read_bytes()
    assert oct(first.key.stat().st_mode)[-3:] == "600"
    assert tls.identity(tmp_path).ca_file.read_bytes() == content
    now = tls._now() + tls.LIFETIME - timedelta(days=3)
    monkeypatch.setattr(tls, "_now", lambda: now)
    assert tls.identity(tmp_path).ca_file.read_bytes() != content
