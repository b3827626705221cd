"""An imagined org on the wire: where it is, who it is, what its login says."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import requests
from pydantic import SecretStr

from crm_sync.settings import Connection, SecretGrant

HOST = "https://example.my.salesforce.com"
ORG_ID = "00D5g00000AbCdEEAV"
DATA = f"{HOST}/services/data/v68.0"
TOKEN = "00D5g00000AbCdE!AQ4AQ.secret"
NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


def connection_to(**changes: Any) -> Connection:
    """Make a connection; `changes` are its fields."""
    given: dict[str, Any] = {
        "instance_url": HOST,
        "client_id": "3MVG9",
        "grant": SecretGrant(SecretStr("hidden")),
        "org_id": ORG_ID,
        "expect_sandbox": False,
        "api_version": "68.0",
        "connect_timeout_s": 5,
        "read_timeout_s": 60,
        "bulk_read_rows": 20_000,
        "bulk_write_rows": 10_000,
        "allowed_host_suffixes": (".salesforce.com",),
    }
    return Connection(**(given | changes))


def login_answer(value: str = TOKEN) -> dict[str, str]:
    """What the token endpoint says."""
    return {
        "access_token": value,
        "instance_url": HOST,
        "id": f"https://login.salesforce.com/id/{ORG_ID}/0055g00000XyZabAAF",
        "token_type": "Bearer",
    }


def sent(request: requests.PreparedRequest) -> Any:
    """Read the JSON body of a call, packed or not."""
    body = request.body or b""
    packed = request.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(body) if packed and isinstance(body, bytes) else body)
