"""The webhook door reads ids from well-formed messages of the pinned org, and nothing from anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.ports import Notification
from crm_sync.web.outbound_message import ACKNOWLEDGED, MessageRefusedError, eighteen, read_message

ORG = "00D000000000000EAA"


def envelope(notifications: str, org: str = ORG, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{org}</OrganizationId><ActionId>04k000000000001AAA</ActionId>"
        f'<SessionId xsi:nil="true"/>{notifications}</notifications></soapenv:Body></soapenv:Envelope>'
    ).encode()


def notification(number: int = 1, record: str = "a0A000000000001") -> str:
    return (
        f"<Notification><Id>04l00000000000{number:01d}AAA</Id>"
        '<sObject xsi:type="sf:Sync_Request__c" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>{record}</sf:Id></sObject></Notification>"
    ).replace("04l00000000000" + str(number) + "AAA", "04l" + "0" * 11 + str(number) + "AAA")


def test_every_notification_is_read_with_eighteen_character_ids() -> None:
    found = read_message(envelope(notification(1) + notification(2, "a0A000000000002")), ORG)
    assert found == (
        Notification("04l000000000001AAA", "Sync_Request__c", "a0A000000000001EAA"),
        Notification("04l000000000002AAA", "Sync_Request__c", "a0A000000000002EAA"),
    )


def test_the_fifteen_character_org_id_is_the_same_org() -> None:
    assert read_message(envelope(notification(), org=ORG[:15]), ORG)


def test_the_acknowledgement_is_the_exact_envelope_the_sender_waits_for() -> None:
    assert b"<Ack>true</Ack>" in ACKNOWLEDGED
    assert b"soap.sforce.com/2005/09/outbound" in ACKNOWLEDGED


BOMB = "<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (envelope(notification(), org="00D000000000001EAB"), "checksum"),
        (envelope(notification(), org="00D000000000001"), "another organization"),
        (envelope(notification(), head=BOMB), "document type"),
        (envelope(notification(), head="<?evil x?>"), "processing instruction"),
        (envelope(""), "Found 0 notifications"),
        (envelope(notification() * 101), "Found 101 notifications"),
        (envelope(notification(record="../../x")), "not a Salesforce id"),
        (envelope(notification(record="a0A000000000001AAB")), "checksum"),
        (envelope(notification().replace("<sf:Id>", "<sf:Id>1</sf:Id><sf:Id>")), "Found 2 record ids"),
        (envelope(f"<OrganizationId>{ORG}</OrganizationId>" + notification()), "Found 2 OrganizationId"),
        (b"<a/>", "not a SOAP envelope"),
        (b"<a", "not well-formed"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 1_048_577, "bytes"),
        (envelope("<a>" * 20 + "</a>" * 20), "too deeply"),
        (envelope(notification().replace("xsi:type", "xsi:kind")), "which object"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(body: bytes, says: str) -> None:
    with pytest.raises(MessageRefusedError, match=says):
        read_message(body, ORG)


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_door(body: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        read_message(body, ORG)


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=15, max_size=15))
def test_the_checksum_is_stable(stem: str) -> None:
    assert eighteen(eighteen(stem)) == eighteen(stem)


@pytest.mark.parametrize(
    ("stem", "suffix"),
    [("00558000001N0Ke", "AAK"), ("0017e00001W4GYR", "AA3"), ("750ak000009Dl5b", "AAC"), ("012000000000000", "AAA")],
)
def test_known_ids_have_their_recorded_checksum(stem: str, suffix: str) -> None:
    assert eighteen(stem) == stem + suffix
