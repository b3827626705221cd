"""The program's promises as plain values, written down from its description and not read from the engine's rules.

A change of the rules is to be made here too, by hand: that is the second pair of eyes.
"""

from __future__ import annotations

WORKER = "worker@crm-sync.example"
ORG_FIELDS = frozenset(
    {"LastModifiedDate", "LastModifiedById", "SystemModstamp", "CreatedDate", "CreatedById", "OwnerId", "Id", "Name"}
    | {"IsDeleted", "IsClosed", "CompletedDateTime", "ClosedDate", "CaseNumber", "AccountId", "LastActivityDate"}
)
"""What the platform itself writes beside a change."""

TYPES = ("Sales Call", "Quote", "Logo", "Recording", "Case Study", "Site Visit")
EFFORT = {"Sales Call": 1.0, "Quote": 0.5, "Logo": 0.5, "Recording": 3.0, "Case Study": 5.0, "Site Visit": 10.0}
NOTICE = {"Sales Call": 5, "Quote": 10, "Logo": 15, "Recording": 20, "Case Study": 30, "Site Visit": 30}
HOLIDAYS = ((1, 1), (5, 1), (12, 25), (12, 26))
ZONE_OF_REGION = {
    "North America": "America/New_York",
    "EMEA": "Europe/Berlin",
    "APAC": "Asia/Singapore",
    "Latin America": "America/Sao_Paulo",
}

# name, whose, which types, measure, limit, days, the field of an own limit
CAPS = (
    ("calls a quarter", "person", ("Sales Call",), "uses", 2, 90, "Max_Calls_Quarter__c"),
    ("calls a year", "person", ("Sales Call",), "uses", 8, 365, "Max_Calls_Year__c"),
    ("calls a quarter with the account", "account", ("Sales Call",), "uses", 3, 90, "Max_Reference_Calls_Quarter__c"),
    ("activations in half a year", "person", TYPES, "uses", 3, 182, "Max_Activations_Half_Year__c"),
    ("effort in a year", "person", TYPES, "effort", 10, 365, "Max_Effort_Year__c"),
)
REST_AFTER_DECLINE = 180

OWNER_DAYS, CUSTOMER_DAYS = 2, 5
THANK_YOU_LOOKED_FOR = 30
FRESH_SECONDS = 60
LONGEST_RUN_MINUTES = 15
MOST_FLIPPED, MOST_RETIRED, GUARDED_FROM = 0.20, 0.05, 20

OUTREACH = "Ask this customer for"
DECISION = "Decide: may we ask"
SHARING = "A customer has agreed"
THANKS = "Thank this customer"

MILD = {"P3", "P4", "Medium", "Low"}

# What the worker may write in an update; on creation also what is below.
OWNED = {
    "Reference_Profile__c": {
        "Account__c", "Title__c", "Industry__c", "Product__c", "Verdict__c", "Verdict_Summary__c", "Reasons__c",
        "Eligible_Types__c", "Strength__c", "Calls_90_Days__c", "Activations_180_Days__c", "Uses_365_Days__c",
        "Effort_365_Days__c", "Open_Reservations__c", "Next_Available_On__c", "Next_Check_In_On__c",
        "Health_Sustained_Since__c", "Rule_Version__c", "Evaluated_At__c", "External_Key__c",
    },
    "Reference_Consent__c": {"Expiry_Warning__c"},
    "Reference_Request__c": {
        "Status__c", "Verdict_Summary__c", "Reasons__c", "Earliest_Feasible_On__c", "Recommended_Match__c", "Substitute__c",
        "Substitute_Asset__c", "Service_Level__c", "Service_Level_Due__c", "Evaluated_At__c",
    },
    "Reference_Match__c": {
        "Rank__c", "Score__c", "Score_Parts__c", "Reasons__c", "Recommended__c", "Reserved_Until__c", "State__c",
        "Gate_Verdict__c", "Gate_Reasons__c", "Attempt__c", "Decide_By__c", "Outreach_Text__c",
    },
    "Reference_Activity__c": {"Effort_Points__c", "Thank_You_Due__c"},
    "Reference_Escalation__c": {
        "Severity__c", "Route__c", "Assigned_To__c", "Due_On__c", "Evidence__c", "Summary__c", "Occurrences__c", "Case__c",
    },
    "Reference_Asset__c": {"Consent_State__c", "Expiry_Warning__c"},
    "Reference_Coverage__c": {"Supply__c", "Demand__c", "Gap__c", "Recruit_List__c"},
    "Sync_Request__c": {"Status__c", "Counts__c", "Message__c", "Run__c"},
    "Sync_Run__c": {
        "Kind__c", "Status__c", "As_Of__c", "Started_At__c", "Finished_At__c", "Holder__c", "Fence__c", "Lease_Until__c",
        "Counts__c", "API_Calls__c", "Rule_Version__c", "Plan_Checksum__c", "Message__c",
    },
    "Sync_Issue__c": {"Record_Id__c", "Summary__c", "Remedy__c", "Assigned_To__c", "Resolved__c"},
    "Task": {"Status"},
    "Case": set(),
}  # fmt: skip
ON_CREATION = {
    "Reference_Profile__c": {"Contact__c", "Status__c"},
    "Reference_Match__c": {"External_Key__c", "Request__c", "Profile__c"},
    "Reference_Activity__c": {
        "External_Key__c", "Contact__c", "Match__c", "Request__c", "Type__c", "Requester__c", "Audience_Segment__c",
        "Prospect_Account__c", "Requested_On__c", "Asked_On__c", "Responded_On__c", "Scheduled_On__c", "Completed_On__c",
        "Status__c", "Note__c",
    },
    "Reference_Escalation__c": {
        "External_Key__c", "Kind__c", "Contact__c", "Account__c", "Activity__c", "Raised_On__c", "Status__c",
    },
    "Reference_Coverage__c": {"External_Key__c", "Industry__c", "Product__c", "Region__c", "Type__c"},
    "Sync_Run__c": {"External_Key__c", "Stop_Switch__c"},
    "Sync_Issue__c": {"External_Key__c", "Kind__c", "Subject__c", "Acknowledged__c"},
    "Task": {
        "Reference_Task_Key__c", "Subject", "WhoId", "WhatId", "ActivityDate", "Description", "Priority", "TaskSubtype",
        "IsHighPriority", "IsRecurrence", "IsReminderSet", "WhoCount", "WhatCount", "IsArchived",
    },
    "Case": {
        "Reference_Case_Key__c", "Subject", "Description", "ContactId", "Department__c", "Reference_Reply_Due__c", "Status",
        "Priority", "Origin", "IsEscalated", "IsClosedOnCreate",
    },
}  # fmt: skip
NEVER_THE_WORKERS = {
    "Reference_Consent__c": {"Status__c", "Withdrawn_On__c", "Legal_Restriction__c", "Approved_By__c", "Valid_To__c"},
    "Reference_Asset__c": {"Status__c", "Approved_By__c", "Approved_Version__c", "Version__c", "Published_On__c"},
    "Account": {"Legal_Hold__c", "In_Dispute__c", "Reference_Confidential__c"},
}
"""Legal and publication status: a named human's, always."""
SAFETY_FIELDS = (
    "Contact.Reference_Opt_Out__c",
    "Contact.HasOptedOutOfEmail",
    "Account.Legal_Hold__c",
    "Account.In_Dispute__c",
    "Account.Churn_Risk__c",
    "Reference_Consent__c.Withdrawn_On__c",
    "Reference_Consent__c.Valid_To__c",
    "Reference_Profile__c.Blackouts__c",
    "Reference_Profile__c.Paused__c",
)
