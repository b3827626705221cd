"""The watch over the Node clients works: what leads beyond this machine is refused and written down."""

import pytest


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('https://example.com/')",
        "new Promise((done, fail) => require('net').connect(443, '192.0.2.1').on('error', fail).on('connect', done))",
        "require('dns').promises.lookup('example.com')",
    ],
)
def test_nothing_leads_outside(programs, tmp_path, attempt):
    log = tmp_path / "tried"
    code = f"{attempt}.then(() => process.exit(0), () => process.exit(7))"
    assert programs.run(programs.node, "--eval", code, OUTSIDE_LOG=str(log)).code == 7
    assert log.read_text().startswith(("connecting to ", "asking for the address of "))
