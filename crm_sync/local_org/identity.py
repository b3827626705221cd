"""Who a token stands for: userinfo and the identity URL.

Answers `/services/oauth2/userinfo` (through oauth) and `/id/{org}/{user}`. A bad token is 403 here, not 401. Not here: tokens (oauth).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.clock import parse_stamp
from crm_sync.local_org.errors import not_found, not_implemented
from crm_sync.local_org.ids import ORGANIZATION_ID, normal
from crm_sync.local_org.org import Org
from crm_sync.local_org.versions_served import NEWEST

_ADDRESS = {"street": "Street", "city": "City", "state": "State", "zip": "PostalCode", "country": "Country"}
_VERSION = re.compile(r"\d{2}\.0")


def user_row(org: Org, user_id: str) -> dict[str, Any]:
    """Read a user's row."""
    with org.store.reading() as connection:
        cursor = connection.execute('SELECT * FROM "User" WHERE "Id" = ?', (user_id,))
        found = cursor.fetchone()
        names = [c[0] for c in cursor.description]
    if found is None:
        raise not_found()
    return dict(zip(names, found, strict=True))


def identity_url(base: str, user_id: str) -> str:
    """Give the address that names a user."""
    return f"{base}/id/{ORGANIZATION_ID}/{user_id}"


def userinfo(org: Org, call: Call) -> Reply:
    """Tell who is signed in, as OpenID Connect has it."""
    refusal = _refusal(org, call)
    if refusal is not None:
        return refusal
    user = user_row(org, org.access_of(call.token).user_id)
    told = {
        "sub": identity_url(call.base_url, user["Id"]),
        "user_id": user["Id"],
        "organization_id": ORGANIZATION_ID,
        "preferred_username": user["Username"],
        "nickname": user["CommunityNickname"],
        "name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "given_name": user["FirstName"],
        "family_name": user["LastName"],
        "zoneinfo": user["TimeZoneSidKey"],
        "photos": _photos(call.base_url),
        "profile": f"{call.base_url}/{user['Id']}",
        "picture": _photos(call.base_url)["picture"],
        "address": {k: v for k, v in {"country": user["Country"], "locality": user["City"]}.items() if v},
        "is_salesforce_integration_user": user["Username"] == org.app.username,
        "urls": _urls(call.base_url, user["Id"]),
        "updated_at": user["LastModifiedDate"].replace(".000+0000", "Z"),
    }
    return Reply(200, told | _shared(user))


def _refusal(org: Org, call: Call) -> Reply | None:
    if org.sessions.find(call.token) is not None:
        return None
    text = b"Bad_OAuth_Token" if call.token else b"Missing_OAuth_Token"
    return Reply(403, content=text, media_type="text/html;charset=UTF-8")


def _shared(user: dict[str, Any]) -> dict[str, Any]:
    """Give what both answers tell of a user in the same words."""
    return {
        "active": bool(user["IsActive"]),
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "utcOffset": _offset(user["TimeZoneSidKey"], parse_stamp(user["SystemModstamp"])),
        "is_app_installed": True,
    }


def _offset(zone: str | None, at: datetime) -> int:
    """Give the standard offset of a time zone from UTC in milliseconds."""
    try:
        winter = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    offset, saved = winter.utcoffset(), winter.dst()
    return 0 if offset is None or saved is None else int((offset - saved).total_seconds() * 1000)


def _photos(base: str) -> dict[str, str]:
    return {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"}


def _urls(base: str, user_id: str) -> dict[str, str]:
    data = f"{base}/services/data/v{{version}}/"
    soap = {
        name: f"{base}/services/Soap/{api}/{{version}}/{ORGANIZATION_ID[:15]}"
        for name, api in (("enterprise", "c"), ("metadata", "m"), ("partner", "u"))
    }
    resources = ("sobjects", "search", "query", "recent")
    rest = {"rest": data, **{name: f"{data}{name}/" for name in resources}}
    tooling = {
        "tooling_rest": f"{data}tooling/",
        "tooling_soap": f"{base}/services/Soap/T/{{version}}/{ORGANIZATION_ID[:15]}",
    }
    return soap | rest | tooling | {"profile": f"{base}/{user_id}", "custom_domain": base}


def identity(org: Org, call: Call, organization: str, user: str) -> Reply:
    """Answer the identity URL of a user to whoever is signed in."""
    refusal = _refusal(org, call)
    if refusal is not None:
        return refusal
    if normal(organization) != ORGANIZATION_ID:
        raise not_found()
    if call.query.get("format", "json") != "json":
        raise not_implemented("identity answers in other formats than JSON")
    row, urls = user_row(org, normal(user) or ""), _urls(call.base_url, normal(user) or "")
    version = {"latest": f"{NEWEST}.0"}.get(call.query.get("version", ""), call.query.get("version", ""))
    if _VERSION.fullmatch(version):
        urls = {k: v.replace("{version}", version) for k, v in urls.items()}
    told = {
        "id": identity_url(call.base_url, row["Id"]),
        "asserted_user": True,
        "user_id": row["Id"],
        "organization_id": ORGANIZATION_ID,
        "username": row["Username"],
        "nick_name": row["CommunityNickname"],
        "display_name": row["Name"],
        "email": row["Email"],
        "email_verified": True,
        "first_name": row["FirstName"],
        "last_name": row["LastName"],
        "timezone": row["TimeZoneSidKey"],
        "photos": _photos(call.base_url),
        **{f"addr_{key}": row[column] for key, column in _ADDRESS.items()},
        "mobile_phone": row["MobilePhone"],
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": urls,
        "last_modified_date": row["LastModifiedDate"],
    }
    return Reply(200, told | _shared(row))
