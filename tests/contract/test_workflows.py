"""Workflows run other people's actions: only as pinned, without credentials, with no right that a job does not name."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.y*ml"))
SCRIPT = REPOSITORY / "scripts" / "check_workflows.sh"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_and_get_no_credentials_and_no_rights(file: Path) -> None:
    text = file.read_text("utf-8")
    uses = re.findall(r"uses:\s*(\S+)(.*)", text)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), f"{action} is not pinned by a commit"
        assert re.fullmatch(r" # v\d+(\.\d+)*", comment), f"{action} does not say its version"
    checkouts = re.findall(r"uses: actions/checkout@.*\n\s+with:\n((?:\s{10,}.*\n)+)", text)
    assert len(checkouts) == len(re.findall("actions/checkout@", text))
    assert all("persist-credentials: false" in options for options in checkouts)
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE), "a job names the rights that it needs"
    assert "write" not in re.findall(r"^\s+[\w-]+: (read|write)\b", text, re.MULTILINE)
    assert "pull_request_target" not in text


@pytest.mark.skipif(os.name == "nt", reason="the script is bash's")
def test_a_checker_that_is_missing_is_said_and_one_that_complains_fails(tmp_path: Path) -> None:
    for name in ("dirname", "bash"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/bash", SCRIPT], env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    missing = run()
    assert missing.returncode == 0
    assert [word for word in ("zizmor", "actionlint") if f"by {word}" in missing.stdout] == ["zizmor", "actionlint"]
    for name in ("zizmor", "actionlint"):
        tool = tmp_path / name
        tool.write_text("#!/bin/bash\nexit 14\n")
        tool.chmod(0o755)
        assert run().returncode == 14
        tool.unlink()
