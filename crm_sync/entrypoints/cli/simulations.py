"""Where simulations are kept until somebody approves on their ground. Used by `simulate` and `approve`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_sync.settings import Settings


def digest_of(result: Mapping[str, Any]) -> str:
    """Give the digest of a simulation: 16 hex digits over all of its result."""
    return hashlib.sha256(json.dumps(result, sort_keys=True, default=str).encode()).hexdigest()[:16]


def keep(settings: Settings, result: Mapping[str, Any]) -> str:
    """Keep a simulation's result in the state folder and return its digest."""
    from crm_sync.state.folder import private_folder

    digest = digest_of(result)
    private_folder(settings.state_dir)
    private_folder(_path(settings, digest).parent)
    _path(settings, digest).write_text(json.dumps(result, sort_keys=True, default=str), encoding="utf-8")
    return digest


def simulated(settings: Settings, digest: str, version: str) -> None:
    """Make sure that this simulation was made here, is whole, tried this version, and passed nobody's limits.

    Raises:
        ConfigurationError: it was not, tried other rules, or passed a limit.
    """
    from crm_sync.errors import ConfigurationError, Mistake

    path = _path(settings, digest)
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        expected = "a simulation made here: run crm-sync simulate, which prints its digest"
        raise ConfigurationError((Mistake("--simulation", repr(digest), expected),)) from None
    if digest_of(result) != digest:
        raise ConfigurationError(
            (Mistake("--simulation", f"{path}, which was changed", "a simulation as it was made"),)
        )
    tried = result["versions"]["other"]
    if tried != version:
        found = f"{digest}, which tried rules {tried}"
        raise ConfigurationError((Mistake("--simulation", found, f"a simulation of the rules here, {version}"),))
    if result["versions"]["current"] == version:
        found = f"{digest}, which tried these rules beside themselves"
        raise ConfigurationError((Mistake("--simulation", found, "one beside the rules that they replace"),))
    if any(result.get(side, {}).get("breaches") for side in ("current", "other")):
        found = f"{digest}, in which limits were passed"
        raise ConfigurationError((Mistake("--simulation", found, "one in which nobody was asked too often"),))


def _path(settings: Settings, digest: str) -> Path:
    from crm_sync.bootstrap import SIMULATIONS

    return settings.state_dir / SIMULATIONS / f"{''.join(c for c in digest if c.isalnum())}.json"
