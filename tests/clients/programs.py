"""Runs programs that are not Python against the local org: own home, a time limit each, and nothing beyond this machine.

    Programs.sf("data", "query", ...)  -> what `sf --json` answered;  Programs.step("jsforce_steps", "limits") -> what it returned

Whatever a program asks of the outside goes to `Outside`, which refuses and remembers it. Called by the tests through fixtures.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".clients"
SF = CLIENTS / "node" / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"
STEPS = Path(__file__).parent / "node"
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


@dataclass
class Outside:
    """A proxy on loopback that lets nothing through: every address asked for is in `asked`."""

    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked = self.asked

        class Refusing(BaseHTTPRequestHandler):
            def refuse(self) -> None:
                asked.append(f"{self.command} {self.path}")
                self.send_error(403)

            do_CONNECT = do_GET = do_POST = do_HEAD = refuse  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Programs:
    """The installed programs and the home they run in."""

    node: Path
    home: Path
    outside: Outside

    def run(self, *command: str | Path, seconds: float = 120, cwd: Path | None = None, **env: str) -> Done:
        """Run a program to its end."""
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), self.outside.url)
        local = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        path = f"{self.node.parent}{os.pathsep}{os.environ['PATH']}"
        surroundings = {"HOME": str(self.home), "PATH": path} | QUIET | proxies | local | env
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

    def sf(self, *arguments: str | Path, code: int = 0, cwd: Path | None = None, **env: str) -> Any:
        """Run an `sf` command with --json and return its answer; it must end with `code`."""
        ended = self.run(self.node, SF, *arguments, "--json", cwd=cwd, seconds=240, **env)
        assert ended.code == code, (
            f"sf {' '.join(map(str, arguments))} ended with {ended.code}\n{ended.out}\n{ended.err}"
        )
        return json.loads(ended.out)

    def sf_text(self, *arguments: str | Path, code: int = 0, cwd: Path | None = None, **env: str) -> str:
        """Run an `sf` command as a person would and return what it printed."""
        ended = self.run(self.node, SF, *arguments, cwd=cwd, seconds=240, **env)
        assert ended.code == code, (
            f"sf {' '.join(map(str, arguments))} ended with {ended.code}\n{ended.out}\n{ended.err}"
        )
        return ended.out
