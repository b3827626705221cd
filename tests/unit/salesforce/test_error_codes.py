"""Every code Salesforce is known to send has one handling, and one only."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import simple_salesforce

from crm_sync.ports import Handling
from crm_sync.salesforce import codes
from crm_sync.salesforce.codes import HANDLING, classify

WSDL = Path(simple_salesforce.__file__).with_name("metadata.wsdl")


def wsdl_codes() -> list[str]:
    text = WSDL.read_text(encoding="utf-8")
    found = re.search(r'<xsd:simpleType name="StatusCode">(.*?)</xsd:simpleType>', text, re.DOTALL)
    assert found is not None
    return re.findall(r'enumeration value="([^"]+)"', found[1])


def test_all_592_status_codes_of_the_wsdl_are_in_the_table() -> None:
    known = wsdl_codes()
    assert len(known) == 592
    assert [code for code in known if code not in HANDLING] == []


def test_no_code_is_in_two_groups() -> None:
    groups = [value for name, value in vars(codes).items() if name.startswith("_") and name.isupper()]
    counted = Counter(code for group in groups for code in group.split())
    assert [code for code, times in counted.items() if times > 1] == []


@pytest.mark.parametrize(
    ("code", "handling"),
    [
        ("UNABLE_TO_LOCK_ROW", Handling.RETRY_NOW),
        ("QUERY_TIMEOUT", Handling.RETRY_NOW),
        ("ENTITY_IS_LOCKED", Handling.DEFER_RUN),
        ("STORAGE_LIMIT_EXCEEDED", Handling.DEFER_RUN),
        ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", Handling.DEFER_RUN),
        ("DUPLICATE_VALUE", Handling.REPLAN),
        ("ENTITY_IS_DELETED", Handling.REPLAN),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", Handling.QUARANTINE_RECORD),
        ("STRING_TOO_LONG", Handling.QUARANTINE_RECORD),
        ("INVALID_FIELD", Handling.HALT_RUN),
        ("API_DISABLED_FOR_ORG", Handling.HALT_RUN),
        ("EMAIL_OPTED_OUT", Handling.NEVER_RETRY_CONTACT),
        ("EMAIL_ADDRESS_BOUNCED", Handling.NEVER_RETRY_CONTACT),
        ("invalid_grant", Handling.HALT_RUN),
        ("SOMETHING_NEW_IN_SPRING_29", Handling.QUARANTINE_RECORD),
        ("", Handling.QUARANTINE_RECORD),
    ],
)
def test_the_policy(code: str, handling: Handling) -> None:
    assert classify(code) is handling


def test_one_code_for_two_limits_is_told_apart_by_its_message() -> None:
    assert classify("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.") is Handling.DEFER_RUN
    concurrent = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    assert classify("REQUEST_LIMIT_EXCEEDED", concurrent) is Handling.RETRY_NOW
