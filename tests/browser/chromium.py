"""The system's Chromium: where it is, or how to get it. `python -m tests.browser.chromium` installs it on Debian.

A browser that is missing is an error, never a reason to test less.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = ("chromium", "fonts-dejavu-core")


def chromium() -> str:
    """Return the path of a Chromium; raises FileNotFoundError when there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError("No Chromium on the PATH. Run `make test-browser` as root on Debian, or install one.")
    return found


def install() -> None:
    """Install Chromium from the system's packages where it is missing and this user may."""
    if any(shutil.which(name) for name in NAMES):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        chromium()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", "-qq", *command], check=True, stdout=subprocess.DEVNULL, env=environment)
    chromium()


if __name__ == "__main__":
    try:
        install()
    except FileNotFoundError as error:
        sys.exit(str(error))
