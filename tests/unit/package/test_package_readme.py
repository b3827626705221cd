"""The administrator's README says what is really there: every permission set and folder, and only commands and
links that lead somewhere.
"""

from __future__ import annotations

import json
import os
import re

import pytest


@pytest.fixture(scope="module")
def readme(project) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


def test_every_permission_set_is_explained(package, readme):
    table = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `Reference_")}
    assert table == {f.name for f in package.of("PermissionSet")}


def test_every_folder_is_explained(project, readme):
    default = project / "crm-reference" / "main" / "default"
    assert [folder.name for folder in default.iterdir() if f"`{folder.name}`" not in readme] == []


def test_every_private_object_is_named(package, readme):
    plain = " ".join(readme.split())
    for obj in package.of("CustomObject"):
        assert obj.text("label") in plain, obj.name


def test_links_lead_somewhere(project):
    for page in project.rglob("README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), (page, target)


def test_commands_name_directories_and_permission_sets_that_exist(package, project):
    sets = {f.name for f in package.of("PermissionSet")}
    pages = [*project.rglob("README.md"), project / "bin" / "install-scratch.sh"]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for directory in re.findall(r"--source-dir (\S+)", text):
            assert (project / directory.strip("`)")).is_dir(), (page, directory)
        for name in re.findall(r"--name (Reference_\w+)", text):
            assert name in sets, (page, name)


def test_the_install_script_can_be_run(project):
    script = project / "bin" / "install-scratch.sh"
    assert os.access(script, os.X_OK)
    definition = re.search(r"--definition-file (\S+)", script.read_text(encoding="utf-8"))[1]
    assert json.loads((project / definition).read_text(encoding="utf-8"))["edition"] == "Enterprise"


def test_replacements_hit_their_placeholders(project):
    for entry in json.loads((project / "sfdx-project.json").read_text(encoding="utf-8"))["replacements"]:
        text = (project / entry["filename"]).read_text(encoding="utf-8")
        assert text.count(entry["stringToReplace"]) == 1
        assert entry["replaceWithEnv"] in (project / "unpackaged/outbound-message/README.md").read_text(
            encoding="utf-8"
        )
