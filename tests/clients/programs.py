"""Runs the installed clients against the local org: own home, a time limit each, and nothing beyond this machine.

    Programs.sf("data", "query", ...)  -> what `sf --json` answered;  Programs.step("jsforce_steps", "limits") -> what it returned
    Programs.python(org, "django", "bin/python", "django_work.py") -> what it printed

What a program tries to reach beyond this machine is refused and written down (node/stay_here.cjs, python/here). Called by the
tests through fixtures. Not here: what is asserted.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_place import Place

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".clients"
SF = CLIENTS / "node" / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"
STEPS = Path(__file__).parent / "node"
SCRIPTS = Path(__file__).parent / "python"
PYTHONS = CLIENTS / "python"
QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_USE_PROGRESS_BAR": "false",
    "SF_HIDE_RELEASE_NOTES": "true",
    "NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    "FORCE_COLOR": "0",
    "CI": "true",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Programs:
    """The installed programs and the home they run in."""

    node: Path
    home: Path

    @property
    def tried_outside(self) -> str:
        """What the programs tried to reach beyond this machine, a line each."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.home / "tried-outside"

    def run(self, *command: str | Path, seconds: float = 120, cwd: Path | None = None, **env: str) -> Done:
        """Run a program to its end."""
        path = os.pathsep.join(
            [str(self.node.parent), str(CLIENTS / "node" / "node_modules" / ".bin"), os.environ["PATH"]]
        )
        guard = {"NODE_OPTIONS": f"--require={STEPS / 'stay_here.cjs'}", "OUTSIDE_LOG": str(self._log)}
        surroundings = {"HOME": str(self.home), "PATH": path} | QUIET | guard | env
        ended = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            cwd=cwd or self.home,
            env=surroundings,
        )
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def step(self, script: str, step: str, **given: Any) -> Any:
        """Run one exported function of a script with a JSON argument; return the JSON it gives back."""
        runner = STEPS / "run_step.mjs"
        ended = self.run(
            self.node, runner, STEPS / f"{script}.mjs", step, json.dumps(given), CLIENTS_MODULES=str(CLIENTS / "node")
        )
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def sf(
        self, *arguments: str | Path, code: int = 0, cwd: Path | None = None, seconds: float = 240, **env: str
    ) -> Any:
        """Run an `sf` command with --json and return its answer; it must end with `code`."""
        ended = self.run(self.node, SF, *arguments, "--json", cwd=cwd, seconds=seconds, **env)
        assert ended.code == code, (
            f"sf {' '.join(map(str, arguments))} ended with {ended.code}\n{ended.out}\n{ended.err}"
        )
        return json.loads(ended.out)

    def python(self, org: Place, client: str, program: str, *arguments: str | Path, **more: Any) -> str:
        """Run a program of a Python client and return what it printed; https to the service or to the org reaches the org."""
        surroundings = {
            "PYTHONPATH": str(SCRIPTS / "here"),
            "ORG_BASE": org.running.base_url,
            "PYTHONWARNINGS": "ignore",
        }
        ended = self.run(PYTHONS / client / "bin" / program, *arguments, **{"seconds": 300} | surroundings | more)
        assert ended.code == 0, f"{program} ended with {ended.code}\n{ended.out[-4000:]}\n{ended.err[-4000:]}"
        return ended.out

    def sign_in(self, org: Place) -> Any:
        """Sign `sf` in by an access token, as the default org, and return what it says."""
        where = ["--instance-url", org.running.base_url, "--no-prompt", "--set-default"]
        return self.sf("org", "login", "access-token", *where, SF_ACCESS_TOKEN=org.token())["result"]

    def sf_text(self, *arguments: str | Path, code: int = 0, cwd: Path | None = None, **env: str) -> str:
        """Run an `sf` command as a person would and return what it printed."""
        ended = self.run(self.node, SF, *arguments, cwd=cwd, seconds=240, **env)
        assert ended.code == code, (
            f"sf {' '.join(map(str, arguments))} ended with {ended.code}\n{ended.out}\n{ended.err}"
        )
        return ended.out
