"""SOAP: the door of its three APIs, and the login call.

Answers `/services/Soap/u|c|m/{version}`. The password of every user is the connected app's secret. Not here: envelopes
(soap_envelope), calls about records (soap_calls), metadata calls (metadata_soap).
"""

from __future__ import annotations

import dataclasses
import re
from xml.sax.saxutils import escape

from lxml.etree import _Element

from crm_sync.local_org import metadata_soap, metadata_xml, soap_calls, soap_envelope
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.identity import user_row
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.org import Org
from crm_sync.local_org.soap_envelope import Request, SoapFaultError
from crm_sync.local_org.soql import SoqlError
from crm_sync.local_org.transactions import Row

LAST_WITH_LOGIN = 64
_VERSION = re.compile(r"(\d{1,3})\.0")
_NAMESPACES = {
    "u": ("urn:partner.soap.sforce.com", "urn:sobject.partner.soap.sforce.com"),
    "c": ("urn:enterprise.soap.sforce.com", "urn:sobject.enterprise.soap.sforce.com"),
    "m": (metadata_soap.NAMESPACE, metadata_soap.NAMESPACE),
}
_WRONG_LOGIN = "Invalid username, password, security token; or user locked out."


def answer(org: Org, call: Call) -> Reply:
    """Answer a SOAP call; a refusal is a fault with status 500."""
    try:
        api, version = _api(org, call)
        request = soap_envelope.read(call.content)
        body = _body(org, dataclasses.replace(call, version=version), api, request)
    except SoapFaultError as error:
        return soap_envelope.fault(error)
    except SoqlError as error:
        return soap_envelope.fault(SoapFaultError(error.code, error.message))
    return soap_envelope.answer(body, *_NAMESPACES[api])


def _api(org: Org, call: Call) -> tuple[str, str]:
    api, version = (*call.segments[:2], "", "")[:2]
    if api.lower() not in _NAMESPACES:
        raise SoapFaultError(
            "NOT_IMPLEMENTED", f"The embedded org does not implement the SOAP API {api!r}.", status=501
        )
    found = _VERSION.fullmatch(version)
    if found is None or not org.versions.serve(int(found.group(1))):
        raise SoapFaultError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return api.lower(), found.group()


def _body(org: Org, call: Call, api: str, request: Request) -> str:
    if request.name == "login" and api != "m":
        return _login(org, call, api, request.operation)
    try:
        access = org.access_of(request.session_id)
    except OrgError as error:
        told = "Invalid Session ID found in SessionHeader: Illegal Session"
        raise SoapFaultError(error.code, told if error.code == "INVALID_SESSION_ID" else error.message) from None
    if request.name == "logout":
        org.sessions.close(request.session_id)
        return "<logoutResponse/>"
    org.usage.require("DailyApiRequests")
    if api == "m":
        return metadata_soap.answer(org, access, request.operation)
    if request.name == "getUserInfo":
        return (
            f"<getUserInfoResponse><result>{_user_info(user_row(org, access.user_id))}</result></getUserInfoResponse>"
        )
    return soap_calls.answer(org, dataclasses.replace(call, access=access), request)


def _login(org: Org, call: Call, api: str, operation: _Element) -> str:
    number = call.version
    if not org.sessions.logins.soap:
        raise SoapFaultError("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    if call.version_number > LAST_WITH_LOGIN:
        raise SoapFaultError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    username, password = (metadata_xml.text(operation, tag) for tag in ("username", "password"))
    with org.store.reading() as connection:
        found = connection.execute(
            'SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE AND "IsActive" = 1', (username,)
        ).fetchone()
    if found is None or not password.startswith(org.app.client_secret):
        raise SoapFaultError("INVALID_LOGIN", _WRONG_LOGIN)
    session = org.sessions.open(found[0], org.app.client_id)
    home = ORGANIZATION_ID[:15]
    return (
        "<loginResponse><result>"
        f"<metadataServerUrl>{call.base_url}/services/Soap/m/{number}/{home}</metadataServerUrl>"
        "<passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>{call.base_url}/services/Soap/{api}/{number}/{home}</serverUrl>"
        f"<sessionId>{session.token}</sessionId><userId>{session.user_id}</userId>"
        f"<userInfo>{_user_info(user_row(org, session.user_id))}</userInfo></result></loginResponse>"
    )


def _user_info(user: Row) -> str:
    told = {
        "accessibilityMode": "false",
        "chatterExternal": "false",
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": "5242880",
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": "false",
        "orgHasPersonAccounts": "false",
        "organizationId": ORGANIZATION_ID,
        "organizationMultiCurrency": "false",
        "organizationName": "Embedded org",
        "profileId": user["ProfileId"],
        "roleId": user["UserRoleId"],
        "sessionSecondsValid": "7200",
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user["Email"],
        "userFullName": user["Name"],
        "userId": user["Id"],
        "userLanguage": user["LanguageLocaleKey"],
        "userLocale": user["LocaleSidKey"],
        "userName": user["Username"],
        "userTimeZone": user["TimeZoneSidKey"],
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }
    return "".join(f"<{k}>{escape(str(v))}</{k}>" if v else f'<{k} xsi:nil="true"/>' for k, v in told.items())
