"""An org that is not the pinned one, or a sandbox where none is expected: exit code 78, and nothing is read or written."""

from __future__ import annotations

import pytest

from crm_sync.errors import WrongOrgError
from tests.unit.entrypoints.conftest import Desk

OTHER = "00D000000000001EAA"


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"CRM_SYNC_ORG_ID": OTHER}, OTHER), ({"CRM_SYNC_EXPECT_SANDBOX": "false"}, "a production org")],
)
@pytest.mark.parametrize("command", ["run", "plan", "sweep"])
def test_no_command_does_anything_in_the_wrong_org(
    desk: Desk, command: str, changed: dict[str, str], told: str
) -> None:
    desk.place.human("Account", {"Name": "Acme"})
    before = len(desk.place.effects())
    error = desk.run(command, **changed).exception
    assert isinstance(error, WrongOrgError)
    assert error.exit_code == 78
    assert told in str(error)
    assert len(desk.place.effects()) == before
