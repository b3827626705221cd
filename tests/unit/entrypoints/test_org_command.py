"""`crm-sync org start`: plain, with TLS, and with the tester's controls only when asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests


@contextmanager
def started(folder: Path, *options: str) -> Iterator[str]:
    """Start the local org in a process of its own, and give what it says of where it is."""
    command = [sys.executable, "-m", "crm_sync", "org", "start", "--port", "0", *options]
    environment = {**os.environ, "CRM_SYNC_STATE_DIR": str(folder), "COLUMNS": "200"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        said = process.stdout.readline() + (process.stdout.readline() if "--tls-port" in options else "")
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
        assert process.returncode == 0, error


def test_the_org_is_served_with_tls_and_controls_when_asked(tmp_path: Path) -> None:
    with started(tmp_path, "--tls-port", "0", "--test-mode") as said:
        plain, secure = re.findall(r"https?://127\.0\.0\.1:\d+", said)
        authority = re.search(r"trust (.+ca\.pem)$", said)
        assert authority is not None
        assert requests.get(f"{plain}/_control", timeout=10).json()["faults"]
        assert requests.get(f"{secure}/services/data", verify=authority[1], timeout=10).status_code == 200
    with started(tmp_path) as said:
        plain = re.findall(r"http://127\.0\.0\.1:\d+", said)[0]
        assert requests.get(f"{plain}/_control", timeout=10).status_code == 404
