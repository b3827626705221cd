"""The org's limits as `/limits` tells them: what there is, and what is left of it.

Called by resources. The daily allowances and the storage are counted; of the rest (events, reports, mail, package versions) the
local org has nothing that could use it up, so all is left. Not here: counting (usage).
"""

from __future__ import annotations

from typing import Any

from crm_sync.local_org.usage import Usage

STORAGE_MB = 1_024
_RECORDS_IN_A_MB = 512  # a record counts as 2 KB, whatever is in it
_UNUSED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyDeliveredPlatformEvents": 10_000,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_440,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000,
    "HourlyODataCallout": 20_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlyShortTermIdMapping": 100_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}
_PERMISSION_SETS = 1_500
_RENAMED = {
    "DailyBulkApiBatches": (49, "DailyBulkApiRequests"),
    "DailyBulkV2QueryFileStorageMB": (47, ""),
    "DailyBulkV2QueryJobs": (47, ""),
}


def told(usage: Usage, stored_records: int, version: int) -> dict[str, Any]:
    """Tell every limit by the name it has in this version of the API."""
    found: dict[str, Any] = {name: _pair(most, most) for name, most in _UNUSED.items()}
    for name, most in usage.limits.items():
        since, before = _RENAMED.get(name, (0, name))
        if version >= since or before:
            found[name if version >= since else before] = _pair(most, usage.left(name))
    found["DataStorageMB"] = _pair(STORAGE_MB, max(0, STORAGE_MB - -(-stored_records // _RECORDS_IN_A_MB)))
    custom = {"CreateCustom": _pair(_PERMISSION_SETS - 500, _PERMISSION_SETS - 500)}
    found["PermissionSets"] = _pair(_PERMISSION_SETS, _PERMISSION_SETS) | custom
    return dict(sorted(found.items()))


def _pair(most: int, left: int) -> dict[str, Any]:
    return {"Max": most, "Remaining": left}
