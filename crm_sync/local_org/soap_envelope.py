"""SOAP envelopes: the call inside one, and answers and faults put into one.

    bytes -> Request;  body text -> Reply

Called by soap, and by refusals for faults. Result tags are not prefixed and fault tags are, because clients read them so.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree
from lxml.etree import _Element

from crm_sync.local_org import metadata_xml
from crm_sync.local_org.calls import Reply

MEDIA_TYPE = "text/xml;charset=UTF-8"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="{namespace}" xmlns:sf="{record_namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    "<soapenv:Fault><faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring>"
    '<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
    "<sf:exceptionMessage>{message}</sf:exceptionMessage>{place}</sf:{kind}></detail></soapenv:Fault></soapenv:Body>"
    "</soapenv:Envelope>"
)
_KINDS = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_OPERATION": "LoginFault",
    "UNSUPPORTED_API_VERSION": "LoginFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
}
_OF_QUERIES = ("InvalidFieldFault", "InvalidSObjectFault", "MalformedQueryFault")


class SoapFaultError(Exception):
    """A SOAP call is refused."""

    def __init__(self, code: str, message: str, status: int = 500) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Request:
    """One SOAP call: the operation's element, the session it names, and its other headers."""

    operation: _Element
    session_id: str
    headers: _Element

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.operation.tag)


def read(content: bytes) -> Request:
    """Read the call of an envelope. Raises SoapFaultError INVALID_XML."""
    try:
        root = metadata_xml.parse(content)
    except etree.XMLSyntaxError as error:
        raise SoapFaultError("INVALID_XML", str(error)) from None
    body, headers = root.find("Body"), root.find("Header")
    if body is None or not len(body):
        raise SoapFaultError("INVALID_XML", "no SOAP body")
    headers = etree.Element("Header") if headers is None else headers
    return Request(body[0], metadata_xml.text(headers, "SessionHeader/sessionId"), headers)


def answer(body: str, namespace: str, record_namespace: str) -> Reply:
    """Put the body of a response into an envelope."""
    text = _ENVELOPE.format(namespace=namespace, record_namespace=record_namespace, body=body)
    return Reply(200, content=text.encode(), media_type=MEDIA_TYPE)


def fault(error: SoapFaultError) -> Reply:
    """Put a refusal into an envelope: status 500."""
    kind = _KINDS.get(error.code, "UnexpectedErrorFault")
    text = _FAULT.format(
        prefix="" if kind == "LoginFault" else "sf:",
        code=error.code,
        message=escape(error.message),
        kind=kind,
        place="<sf:row>-1</sf:row><sf:column>-1</sf:column>" if kind in _OF_QUERIES else "",
    )
    return Reply(error.status, content=text.encode(), media_type=MEDIA_TYPE)
