"""What the org says about itself: versions, the resource map, limits, record counts.

Answers `/services/data`, `/services/data/vXX.0`, `limits`. Not here: describes.
"""

from __future__ import annotations

from crm_sync.local_org import allowances, versions_served
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.org import Org
from crm_sync.local_org.standard_objects import setup_objects

_SEASONS = ("Summer", "Winter", "Spring")


def release_label(version: int) -> str:
    """Name the release of an API version: 31 is Summer '14, 68 is Winter '27."""
    releases = version - versions_served.OLDEST
    year = 14 + (releases + 2) // 3
    return f"{_SEASONS[releases % 3]} '{year}"


def versions(org: Org, call: Call) -> Reply:
    """List the versions served; needs no session."""
    listed = [
        {"label": release_label(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"}
        for v in range(org.versions.oldest, org.versions.newest + 1)
    ]
    return Reply(200, listed)


def resource_map(org: Org, call: Call) -> Reply:
    """Map the names of the resources served to their URLs; the identity URL is absolute."""
    found = {name: f"{call.data_url}/{name}" for name in org.router.resources()}
    return Reply(200, found | {"identity": f"{call.base_url}/id/{ORGANIZATION_ID}/{call.user.user_id}"})


def limits(org: Org, call: Call) -> Reply:
    """Tell the allocations and what is left of them, to those who may view the setup."""
    if not call.user.views_setup:
        raise OrgError("FORBIDDEN", "You need the View Setup and Configuration permission to view limits.")
    return Reply(200, allowances.told(org.usage, _stored_records(org), call.version_number))


def _stored_records(org: Org) -> int:
    """Count the records that take up storage: those of setup objects do not, those in the recycle bin do."""
    counted = [o for name, o in org.layouts.items() if name not in setup_objects()]
    with org.store.reading() as connection:
        return sum(connection.execute(f"SELECT count(*) FROM {o.table}").fetchone()[0] for o in counted)


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
