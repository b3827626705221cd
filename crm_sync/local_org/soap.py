"""SOAP: envelopes in and out, faults, and the login call.

Answers `/services/Soap/u|c|m/{version}`. Login tags are not prefixed and fault tags are, because clients read them so.
The password of every user is the connected app's secret. Not here: metadata calls (metadata_soap).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree
from lxml.etree import _Element

from crm_sync.local_org import metadata_soap, metadata_xml
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.metadata_soap import SoapFaultError
from crm_sync.local_org.oauth import user_row
from crm_sync.local_org.org import Org
from crm_sync.local_org.transactions import Row

LAST_WITH_LOGIN = 64
_VERSION = re.compile(r"(\d{1,3})\.0")
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)
_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    "<soapenv:Fault><faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring>"
    '<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
    "<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
_NAMESPACES = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com", "m": metadata_soap.NAMESPACE}
_WRONG_LOGIN = "Invalid username, password, security token; or user locked out."


@dataclass(frozen=True)
class Request:
    """One SOAP call: the operation's element and the session it names."""

    operation: _Element
    session_id: str

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.operation.tag)


def answer(org: Org, call: Call) -> Reply:
    """Answer a SOAP call; a refusal is a fault with status 500."""
    try:
        api = _api(call)
        request = _read(call.content)
        body = _metadata(org, request) if api == "m" else _object_api(org, call, request)
    except SoapFaultError as error:
        return _fault(error)
    text = _ENVELOPE.format(namespace=_NAMESPACES[api], body=body)
    return Reply(200, content=text.encode(), media_type="text/xml;charset=UTF-8")


def _api(call: Call) -> str:
    api = call.segments[0].lower() if call.segments else ""
    if api not in _NAMESPACES:
        raise SoapFaultError(
            "NOT_IMPLEMENTED", f"The embedded org does not implement the SOAP API {api!r}.", status=501
        )
    return api


def _read(content: bytes) -> Request:
    try:
        root = metadata_xml.parse(content)
    except etree.XMLSyntaxError as error:
        raise SoapFaultError("INVALID_XML", str(error)) from None
    body = root.find("Body")
    if body is None or not len(body):
        raise SoapFaultError("INVALID_XML", "no SOAP body")
    return Request(body[0], (root.findtext("Header/SessionHeader/sessionId") or "").strip())


def _fault(error: SoapFaultError) -> Reply:
    login = error.code in ("INVALID_LOGIN", "UNSUPPORTED_API_VERSION")
    text = _FAULT.format(
        prefix="" if login else "sf:",
        code=error.code,
        message=escape(error.message),
        kind="LoginFault" if login else "ApiFault",
    )
    return Reply(error.status, content=text.encode(), media_type="text/xml;charset=UTF-8")


def _metadata(org: Org, request: Request) -> str:
    session = org.sessions.find(request.session_id)
    if session is None:
        raise SoapFaultError("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    return metadata_soap.answer(org, org.access(session.user_id), request.operation)


def _object_api(org: Org, call: Call, request: Request) -> str:
    if request.name == "login":
        return _login(org, call, request.operation)
    session = org.sessions.find(request.session_id)
    if session is None:
        raise SoapFaultError("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    if request.name == "logout":
        org.sessions.close(session.token)
        return "<logoutResponse/>"
    if request.name == "getUserInfo":
        user = user_row(org, session.user_id)
        return f"<getUserInfoResponse><result>{_user_info(user)}</result></getUserInfoResponse>"
    raise SoapFaultError(
        "NOT_IMPLEMENTED", f"The embedded org does not implement the SOAP call {request.name}.", status=501
    )


def _login(org: Org, call: Call, operation: _Element) -> str:
    version = _VERSION.fullmatch(call.segments[1]) if len(call.segments) > 1 else None
    if version is None or int(version.group(1)) > LAST_WITH_LOGIN:
        raise SoapFaultError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    username, password = (metadata_xml.text(operation, tag) for tag in ("username", "password"))
    with org.store.reading() as connection:
        found = connection.execute(
            'SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE AND "IsActive" = 1', (username,)
        ).fetchone()
    if found is None or not password.startswith(org.app.client_secret):
        raise SoapFaultError("INVALID_LOGIN", _WRONG_LOGIN)
    session = org.sessions.open(found[0], org.app.client_id)
    number, home = version.group(), ORGANIZATION_ID[:15]
    return (
        "<loginResponse><result>"
        f"<metadataServerUrl>{call.base_url}/services/Soap/m/{number}/{home}</metadataServerUrl>"
        "<passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>{call.base_url}/services/Soap/{call.segments[0].lower()}/{number}/{home}</serverUrl>"
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
        "sessionSecondsValid": "7200",
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
    return "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in told.items())
