"""A small org in which one run of the whole job has something of everything to do, for tests that disturb that run.

A customer with an active reference, whose consent is about to run out, and a nominated colleague; a prospect's request; an
incident; a picklist value that nothing translates; a person who asked for a sync. Its clock stands still, so that equal
orgs are equal to the last stamp.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.local_place import Place, place

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)  # a Wednesday
ACCOUNT: Mapping[str, Any] = {
    "Industry": "Retail",
    "Region__c": "EMEA",
    "BillingCountry": "Germany",
    "Product__c": "Core",
    "Implementation_Stage__c": "Production",
    "Health_Score__c": 88,
    "Healthy_Since__c": "2025-03-01",
    "Health_Trend__c": "Steady",
    "Churn_Risk__c": "None",
    "Renewal_Date__c": "2028-01-01",
    "Customer_Since__c": "2020-01-01",
}
PERSON: Mapping[str, Any] = {
    "Title": "CIO",
    "NPS_Score__c": 10,
    "NPS_Date__c": "2026-10-01",
    "Speaks_Publicly__c": "Yes",
}
USES = "Sales Call;Quote;Logo;Recording;Case Study;Site Visit"
PROFILE: Mapping[str, Any] = {
    "Status__c": "Active",
    "Approved_Types__c": USES,
    "Briefed_Types__c": USES,
    "Briefed_On__c": "2026-09-01",
    "Time_Zone__c": "Europe/Berlin",
}
CONSENT: Mapping[str, Any] = {
    "Status__c": "Granted",
    "Text_Version__c": "3",
    "Evidence_Link__c": "https://files.example/1",
    "Territory__c": "Worldwide",
    "Audience__c": "Anyone",
    "Valid_From__c": "2026-01-01",
}


def fill(org: Place) -> None:
    """Create the records, as people would."""
    customer, prospect = org.human(
        "Account", {"Name": "Acme", **ACCOUNT}, {"Name": "Prospect", "Industry": "Retail", "Region__c": "EMEA"}
    )
    ada, ben, eve = org.human(
        "Contact",
        {"LastName": "A", "AccountId": customer, **PERSON},
        {"LastName": "B", "AccountId": customer, **PERSON, "Reference_Nominated__c": True},
        {"LastName": "E", "AccountId": customer, "HasOptedOutOfEmail": True},
    )
    org.human("Reference_Profile__c", {"Contact__c": ada, "External_Key__c": ada, **PROFILE})
    for use, until in (("Sales Call", "2026-12-10"), ("Quote", "2027-06-01"), ("Logo", "2027-06-01")):
        org.human("Reference_Consent__c", {"Contact__c": ada, "Use__c": use, "Valid_To__c": until, **CONSENT})
    deal = {"AccountId": prospect, "Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-01-20", "Amount": 9e4}
    (opportunity,) = org.human("Opportunity", deal)
    asked = {
        "Opportunity__c": opportunity,
        "Prospect_Account__c": prospect,
        "Industry__c": "Retail",
        "Product__c": "Core",
    }
    asked |= {
        "Region__c": "EMEA",
        "Stage__c": "Submitted",
        "Submitted_On__c": "2026-11-16",
        "Needed_By__c": "2026-12-20",
    }
    org.human("Reference_Request__c", {"Type__c": "Quote", **asked}, {"Type__c": "Site Visit", **asked})
    org.human("Case", {"Subject": "Odd", "Priority": "P0", "AccountId": prospect, "ContactId": eve})
    org.human("Sync_Request__c", {"Scope__c": "Everything", "Status__c": "Queued"})
    assert ben


@contextmanager
def reference_org() -> Iterator[Place]:
    """Run the org until the block ends."""
    with place() as org:
        org.control("POST", "clock", {"freeze": NOW.isoformat()})
        fill(org)
        yield org
