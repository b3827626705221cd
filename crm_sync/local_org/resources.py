"""What the org says about itself: versions, the resource map, limits, record counts.

Answers `/services/data`, `/services/data/vXX.0`, `limits`. Not here: describes.
"""

from __future__ import annotations

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.org import Org

OLDEST, NEWEST = 31, 68
_SEASONS = ("Summer", "Winter", "Spring")
_RESOURCES = (
    "tooling",
    "metadata",
    "folders",
    "chatter",
    "tabs",
    "appMenu",
    "quickActions",
    "queryAll",
    "search",
    "composite",
    "parameterizedSearch",
    "theme",
    "recent",
    "connect",
    "limits",
    "query",
    "jobs",
    "compactLayouts",
    "sobjects",
    "actions",
    "support",
)
_FIXED_LIMITS = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_440,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}


def release_label(version: int) -> str:
    """Name the release of an API version: 31 is Summer '14, 68 is Winter '27."""
    releases = version - OLDEST
    year = 14 + (releases + 2) // 3
    return f"{_SEASONS[releases % 3]} '{year}"


def versions(org: Org, call: Call) -> Reply:
    """List the versions served; needs no session."""
    listed = [
        {"label": release_label(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"}
        for v in range(OLDEST, NEWEST + 1)
    ]
    return Reply(200, listed)


def resource_map(org: Org, call: Call) -> Reply:
    """Map resource names to URLs; the identity URL is absolute."""
    found = {name: f"{call.data_url}/{name}" for name in _RESOURCES}
    return Reply(200, found | {"identity": f"{call.base_url}/id/{ORGANIZATION_ID}/{call.user.user_id}"})


def limits(org: Org, call: Call) -> Reply:
    """Tell the allocations and what is left of them."""
    told = {name: {"Max": most, "Remaining": most} for name, most in _FIXED_LIMITS.items()}
    told["DailyApiRequests"] = {"Max": org.usage.limit, "Remaining": org.usage.left}
    return Reply(200, dict(sorted(told.items())))


def record_count(org: Org, call: Call) -> Reply:
    """Count the live rows of the objects asked for; empty objects are left out."""
    wanted = {n.strip().lower() for n in call.query.get("sObjects", "").split(",") if n.strip()}
    counted = []
    with org.reading(call) as connection:
        for layout in org.layouts.values():
            if (wanted and layout.type.name.lower() not in wanted) or not call.user.allows(layout.type, "read"):
                continue
            count = connection.execute(f"SELECT count(*) FROM {layout.table} WHERE {layout.live}").fetchone()[0]
            if count:
                counted.append({"count": count, "name": layout.type.name})
    return Reply(200, {"sObjects": counted})
