"""The watch over the clients works: what leads beyond this machine is refused and written down, by Node and by Python."""

import sys

import pytest

from tests.clients.programs import SCRIPTS


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.com/')",
        "new Promise((done, fail) => require('net').connect(443, '192.0.2.1').on('error', fail).on('connect', done))",
        "require('dns').promises.lookup('example.com')",
    ],
)
def test_nothing_leads_outside_from_node(programs, tmp_path, attempt):
    log = tmp_path / "tried"
    code = f"{attempt}.then(() => process.exit(0), () => process.exit(7))"
    assert programs.run(programs.node, "--eval", code, OUTSIDE_LOG=str(log)).code == 7
    assert log.read_text().startswith(("connecting to ", "asking for the address of "))


@pytest.mark.parametrize(
    "attempt",
    [
        "import requests; requests.get('https://example.com/')",
        "import socket; socket.create_connection(('192.0.2.1', 443))",
        "import socket; socket.socket().connect(('192.0.2.1', 443))",
    ],
)
def test_nothing_leads_outside_from_python(programs, org, tmp_path, attempt):
    log = tmp_path / "tried"
    given = {"PYTHONPATH": str(SCRIPTS / "here"), "ORG_BASE": org.running.base_url, "OUTSIDE_LOG": str(log)}
    ended = programs.run(sys.executable, "-c", attempt, **given)
    assert ended.code == 1
    assert "is beyond this machine" in ended.err
    assert log.read_text().startswith(("connecting to ", "asking for the address of "))


def test_what_is_meant_for_the_service_reaches_the_org(programs, org):
    given = {"PYTHONPATH": str(SCRIPTS / "here"), "ORG_BASE": org.running.base_url}
    ask = "import requests; print(requests.get('https://login.salesforce.com/services/data').headers)"
    assert "X-CRM-Sync-Embedded" in programs.run(sys.executable, "-c", ask, **given).out
