"""`crm-sync org start`: plain, with TLS, and with the controls of test mode only when asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import requests

from crm_sync.entrypoints.cli import embedded
from crm_sync.settings import Settings


def test_the_org_is_served_with_tls_and_controls_when_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crm_sync", "org", "start", "--port=0", "--tls-port=0", "--test-mode"]
    environment = {**os.environ, "CRM_SYNC_STATE_DIR": str(tmp_path), "COLUMNS": "200"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        plain, secure = re.findall(r"https?://127\.0\.0\.1:\d+", said)
        authority = re.search(r"trust (.+ca\.pem)$", said)
        assert authority is not None
        assert requests.get(f"{plain}/_control", timeout=10).json()["faults"]
        assert requests.get(f"{secure}/services/data", verify=authority[1], timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def test_controls_and_tls_are_closed_by_default(tmp_path: Path) -> None:
    with embedded.started(Settings(state_dir=tmp_path)) as address:
        assert requests.get(f"{address.base_url}/_control", timeout=10).status_code == 404
        assert address.tls_url is None
