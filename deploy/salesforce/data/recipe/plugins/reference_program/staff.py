"""Draws our own company's people: the four roles of the program, account owners, sales reps, and one who left.

Called by the plugin. The order matters: managers come before those they manage.
"""

from __future__ import annotations

from typing import Any

from .world import CSM_COUNT, REP_COUNT, World

ROLES = (
    ("user_sponsor", "Sponsor", "Chief Customer Officer", None),
    ("user_program_owner", "Program Owner", "Head of Customer References", "user_sponsor"),
    ("user_legal", "Legal Reviewer", "Senior Counsel", "user_sponsor"),
    ("user_cs_leader", "CS Leader", "VP Customer Success", "user_sponsor"),
    ("user_sales_leader", None, "VP Sales", "user_sponsor"),
    ("user_inactive", None, "Customer Success Manager", "user_cs_leader"),
)
LOCALES = ("en_US", "en_GB", "de_DE", "en_US", "es_ES", "en_IN", "fr_FR")
ZONES = {
    "en_US": "America/New_York", "en_GB": "Europe/London", "de_DE": "Europe/Berlin", "es_ES": "Europe/Madrid",
    "en_IN": "Asia/Kolkata", "fr_FR": "Europe/Paris",
}  # fmt: skip


def everybody(world: World) -> list[dict[str, Any]]:
    """Draw all users, each with the reference id the other records know them by."""
    people = [_user(world, *role) for role in ROLES]
    csms = [(f"user_csm_{n}", "Customer Success Manager", "user_cs_leader") for n in range(1, CSM_COUNT + 1)]
    reps = [(f"user_rep_{n}", "Account Executive", "user_sales_leader") for n in range(1, REP_COUNT + 1)]
    return people + [_user(world, ref, None, title, manager) for ref, title, manager in (*csms, *reps)]


def _user(world: World, ref: str, role: str | None, title: str, manager: str | None) -> dict[str, Any]:
    locale = LOCALES[world.deal("staff") % len(LOCALES)]
    first, last, mailbox = world.person_name(locale)
    address = world.address(mailbox, "vendor")
    return {
        "ref": ref,
        "first": first,
        "last": last,
        "email": address,
        "alias": f"u{world.dealt['staff']:03d}",
        "title": title,
        "role": role,
        "manager": f"@{manager}" if manager else None,
        "time_zone": ZONES[locale],
    }
