"""A Salesforce Outbound Message (SOAP) -> the ids it names, or a refusal that says why.

Called by the webhook door. The content is only a hint, "look again at this record": field values in it are not even
read. The session id some orgs still send is never kept. Not here: storing the ids and waking a run.

Wire facts: up to 100 notifications; at-least-once, unordered, retried for 24 hours until acknowledged
(Salesforce, "Outbound Messaging").
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from lxml import etree

from crm_sync.ports import Notification

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

MAX_BYTES = 1_048_576
MAX_DEPTH = 16
MAX_ATTRIBUTES = 32
MAX_NOTIFICATIONS = 100
MAX_FIELDS = 200

ACKNOWLEDGED = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


class MessageRefusedError(ValueError):
    """The body is not an outbound message from the pinned org; the sentence says what is wrong with it."""


def read_message(body: bytes, org_id: str) -> tuple[Notification, ...]:
    """Read every notification of one message from the org with this 18-character id.

    Raises:
        MessageRefusedError: hostile or malformed XML, another org, no or too many notifications, a bad id.
    """
    envelope = _parse(body)
    holder = _only(_only(envelope, f"{{{SOAP}}}Body"), f"{{{OUTBOUND}}}notifications")
    sender = (_only(holder, f"{{{OUTBOUND}}}OrganizationId").text or "").strip()
    if not hmac.compare_digest(eighteen(sender).encode(), org_id.encode()):
        raise MessageRefusedError("The message names another organization than the pinned one.")
    found = holder.findall(f"{{{OUTBOUND}}}Notification")
    if not 1 <= len(found) <= MAX_NOTIFICATIONS:
        raise MessageRefusedError(f"Found {len(found)} notifications; expected 1 to {MAX_NOTIFICATIONS}.")
    return tuple(_notification(element) for element in found)


def _parse(body: bytes) -> etree._Element:
    if len(body) > MAX_BYTES:
        raise MessageRefusedError(f"The body has {len(body)} bytes; at most {MAX_BYTES} are read.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MessageRefusedError("The body is not UTF-8.") from error
    if "<!" in text.replace("<!--", "") or "<?" in text.lstrip()[5:]:
        raise MessageRefusedError("The body holds a document type, CDATA or a processing instruction.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MessageRefusedError("The body is not well-formed XML.") from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise MessageRefusedError("The body is not a SOAP envelope.")
    _check_shape(root)
    return root


def _check_shape(root: etree._Element) -> None:
    """Refuse deep or wide documents; the walk itself keeps a list, so depth cannot exhaust the stack."""
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > MAX_DEPTH or len(element.attrib) > MAX_ATTRIBUTES or len(element) > MAX_FIELDS:
            raise MessageRefusedError("The body is nested too deeply or too wide.")
        waiting.extend((child, depth + 1) for child in element)


def _only(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise MessageRefusedError(f"Found {len(found)} {etree.QName(tag).localname} elements; expected one.")
    return found[0]


def _notification(element: etree._Element) -> Notification:
    record = _only(element, f"{{{OUTBOUND}}}sObject")
    ids = [(child.text or "").strip() for child in _children(record, "Id")]
    if len(ids) != 1:
        raise MessageRefusedError(f"Found {len(ids)} record ids in a notification; expected one.")
    object_name = str(record.get(TYPE, "")).rpartition(":")[2]
    if not object_name:
        raise MessageRefusedError("A notification does not say which object its record is of.")
    notification_id = (_only(element, f"{{{OUTBOUND}}}Id").text or "").strip()
    return Notification(eighteen(notification_id), object_name, eighteen(ids[0]))


def _children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in parent if etree.QName(child).localname == name)


def eighteen(record_id: str) -> str:
    """Bring a 15- or 18-character id to its 18-character form and check the checksum.

    Raises:
        MessageRefusedError: it is no Salesforce id.
    """
    stem = record_id[:15]
    if len(record_id) not in (15, 18) or not stem.isascii() or not stem.isalnum():
        raise MessageRefusedError("An id in the message is not a Salesforce id.")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    groups = (stem[0:5], stem[5:10], stem[10:15])
    checked = stem + "".join(alphabet[sum(1 << k for k, c in enumerate(g) if "A" <= c <= "Z")] for g in groups)
    if len(record_id) == 18 and record_id.upper() != checked.upper():
        raise MessageRefusedError("An id in the message has a wrong checksum.")
    return checked
