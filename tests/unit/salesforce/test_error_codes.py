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


BEYOND_THE_WSDL = """
APEX_ERROR API_CURRENTLY_DISABLED API_DISABLED_FOR_ORG BCC_SELF_NOT_ALLOWED_IF_BCC_COMPLIANCE_ENABLED BAD_REQUEST
BIG_OBJECT_UNSUPPORTED_OPERATION CANNOT_RESOLVE_NAME EXCEEDED_ID_LIMIT EXCEEDED_MAX_SEMIJOIN_SUBSELECTS FORBIDDEN
ILLEGAL_QUERY_PARAMETER_VALUE INVALID_OPERATION_WITH_EXPIRED_PASSWORD INVALID_QUERY_FILTER_OPERATOR API_ERROR
INVALID_REPLICATION_DATE JSON_PARSER_ERROR LOGIN_CHALLENGE_ISSUED LOGIN_CHALLENGE_PENDING NOT_FOUND METHOD_NOT_ALLOWED
LOGIN_MUST_USE_SECURITY_TOKEN MALFORMED_QUERY MALFORMED_SEARCH MAX_TASK_DESCRIPTION_EXCEEDED OPERATION_TOO_LARGE
REQUEST_LIMIT_EXCEEDED SERVER_UNAVAILABLE UNSUPPORTED_APEX_TRIGGER_OPERATION UNSUPPORTED_API_VERSION PROCESSING_HALTED
BATCH_PROCESSING_HALTED MULTIPLE_CHOICES INVALID_QUERY_LOCATOR INVALID_SESSION_ID QUERY_TIMEOUT
CLIENTINPUTERROR EXCEEDEDQUOTA FEATURENOTENABLED INVALIDBATCH INVALIDENTITY INVALIDJOB INVALIDJOBSTATE INVALIDOPERATION
INVALIDSESSIONID INVALIDURL INVALIDUSER INVALIDXML TIMEOUT TOOMANYLOCKFAILURE UNKNOWN
INVALID_GRANT INVALID_CLIENT INVALID_CLIENT_ID INVALID_REQUEST INVALID_SCOPE UNAUTHORIZED_CLIENT UNSUPPORTED_GRANT_TYPE
APP_NOT_FOUND ACCESS_DENIED INACTIVE_USER INACTIVE_ORG RATE_LIMIT_EXCEEDED SERVER_ERROR INVALID_APP_ACCESS
"""
"""What REST, Bulk 2.0 and OAuth answer besides: the guides' lists, and those of clients that have met them (restforce)."""


def wsdl_codes() -> list[str]:
    text = WSDL.read_text(encoding="utf-8")
    found = re.search(r'<xsd:simpleType name="StatusCode">(.*?)</xsd:simpleType>', text, re.DOTALL)
    assert found is not None
    return re.findall(r'enumeration value="([^"]+)"', found[1])


def test_all_592_status_codes_of_the_wsdl_are_in_the_table() -> None:
    known = wsdl_codes()
    assert len(known) == 592
    assert [code for code in known if code not in HANDLING] == []


def test_every_known_code_of_rest_bulk_and_oauth_is_in_the_table() -> None:
    assert [code for code in BEYOND_THE_WSDL.split() if code not in HANDLING] == []


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
