"""The committed files are what the recipe writes, byte for byte; a copy without users refers to none."""

import subprocess
import sys


def run(script, *options):
    subprocess.run([sys.executable, str(script), *options], check=True, capture_output=True, text=True)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (*sorted(folder.glob("*plan.json")), *sorted((folder / "records").iterdir()))
    }


def test_the_recipe_writes_the_committed_files(data_dir, tmp_path):
    run(data_dir / "generate.py", "--out", str(tmp_path))
    written, committed = contents(tmp_path), contents(data_dir)
    assert set(written) == set(committed)
    assert [name for name in written if written[name] != committed[name]] == []


def test_a_copy_without_users_refers_to_none(data_dir, tmp_path):
    run(data_dir / "without_users.py", str(tmp_path))
    written, committed = contents(tmp_path), contents(data_dir)
    assert set(committed) - set(written) == {"users-plan.json"} | {name for name in committed if "/User-" in name}
    for name, text in written.items():
        assert b'"@user_' not in text
        assert text.count(b'"referenceId"') == committed[name].count(b'"referenceId"')
