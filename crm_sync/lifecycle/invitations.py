"""Candidates -> the duty to invite them into the program: one for each person, the strongest first, so many to an owner at a time.

Called by `tasks`. A candidate is invited while the rules find them fit and nothing but joining keeps them from being asked; a
task for whoever has to wait waits, and one for whoever is no candidate any more is over. Not here: who becomes a candidate
(`profiles`), and the status, which is people's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crm_sync.lifecycle.drafts import Letter, may_be_written_to, text_for
from crm_sync.lifecycle.duties import Duty, pointing_at
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.program.conditions import tests

SUBJECT = "Invite this customer to be a reference, then set the status of the profile"
INVITE = (
    "When you have sent it, set Status of the profile to Invited; when the customer has agreed, to Active, with the types agreed; when "
    "they say no, to Declined, and do not ask again."
)
JOINING = frozenset({"status", "type_approved", "type_briefed"})
"""Facts that change when somebody joins: what they keep a candidate from is no reason not to invite them."""
CONSENT = "consent"
"""The rule that a consent answers; it is given after the invitation."""


def invitations(world: World) -> Iterator[Duty]:
    """Invite every candidate whom the rules find fit, as far as the owner has room for another."""
    people = [profile for profile in _one_each(world) if may_be_written_to(world, profile["contact"])]
    fit = [profile for profile in people if _is_fit(world, profile["contact"])]
    now = {profile["id"] for profile in _with_room(world, fit)}
    for profile in people:
        yield _invitation(world, profile, paused=profile["id"] not in now)


def invitation_key(contact: str) -> str:
    """The external key of the invitation of a person, by the contact of their profile: nobody is invited twice."""
    return digest("invitation", contact)


def _one_each(world: World) -> Iterator[Row]:
    """One candidate profile of each person of whom no profile says anything else."""
    seen: set[str] = set()
    for contact in sorted(world.profile_of, key=lambda one: (invitation_key(one) not in world.task_of, one)):
        mine = world.same_person.get(contact, frozenset({contact}))
        profiles = [profile for one in sorted(mine) for profile in world.profiles_of.get(one, ())]
        if seen.isdisjoint(mine) and all(profile.get("status") == "candidate" for profile in profiles):
            seen |= mine
            yield world.profile_of[contact]


def _is_fit(world: World, contact: str) -> bool:
    """Whether the rules find this candidate fit, some kind of reference is open to them, and they rest after no refusal."""
    hindered = [world.hindered(contact, t) for t in world.program.types]
    rules = [found - world.once(_answered_by_joining) for found in hindered if found is not None]
    is_candidate = world.judged.get(contact, {}).get("is_candidate") is True
    is_resting = any(world.once(_rests) & found for found in rules)
    return is_candidate and len(rules) == len(hindered) and not all(rules) and not is_resting


def _answered_by_joining(world: World) -> frozenset[str]:
    """The criteria that somebody who joins comes to meet."""
    asked = (c for c in world.program.qualification.criteria if c.stage == "ask")
    return frozenset({CONSENT, *(c.id for c in asked if any(test.fact in JOINING for _, test in tests(c.when)))})


def _rests(world: World) -> frozenset[str]:
    """The rests after somebody has said no; whoever rests for one kind is not asked for the program either."""
    return frozenset(f"cooldown.{one.id}" for one in world.program.tolerance.cooldowns if one.event == "declined")


def _with_room(world: World, fit: Iterable[Row]) -> Sequence[Row]:
    """Those of these candidates whose owner has room for them: what an owner has in hand stays, then the strongest."""
    room = Counter[str | None]()
    chosen = []
    for profile in sorted(fit, key=lambda one: _order(world, one)):
        owner, task = world.owner_of(profile["contact"]), _task(world, profile)
        if task and task.get("closed"):
            continue
        if room[owner] < world.program.cadence.invitations_open_per_owner:
            room[owner] += 1
            chosen.append(profile)
    return chosen


def _order(world: World, profile: Row) -> tuple[bool, float, str]:
    task = _task(world, profile)
    in_hand = task is not None and task.get("status") != "deferred"
    return not in_hand, -(world.judged[profile["contact"]].get("strength") or 0.0), profile["contact"]


def _task(world: World, profile: Row) -> Mapping[str, object] | None:
    return world.task_of.get(invitation_key(profile["contact"]))


def _invitation(world: World, profile: Row, *, paused: bool) -> Duty:
    contact = profile["contact"]
    owner, text = world.owner_of(contact), text_for(world, "invitation", contact)
    return Duty(
        invitation_key(contact),
        SUBJECT,
        owner,
        world.calendar.add(world.today, world.program.cadence.invitation_business_days),
        contact,
        pointing_at("profile", profile),
        letter=Letter("invitation", text, contact, owner, INVITE),
        paused=paused,
    )
