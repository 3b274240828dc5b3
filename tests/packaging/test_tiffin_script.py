"""./tiffin: sets everything up from a clean checkout, then adds no process; edits count at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tiffin_testing.environments import run

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def checkout(clean_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean checkout in which ./tiffin has run once."""
    folder = tmp_path_factory.mktemp("tiffin") / "checkout"
    shutil.copytree(clean_copy, folder, ignore=shutil.ignore_patterns(".cache", "dist", ".pants.d"))
    folder.chmod(0o755)  # a temporary folder of pytest's is for its owner alone
    first = run(["./tiffin", "--help"], cwd=folder)
    assert "ready after" in first.stderr
    assert "run" in first.stdout
    return folder


def test_the_second_time_it_sets_nothing_up(checkout: Path) -> None:
    assert run(["./tiffin", "--help"], cwd=checkout).stderr == ""


@pytest.mark.requires("strace")
def test_it_starts_no_process_before_the_command(checkout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    run(["strace", "-o", trace, "-e", "trace=process", "./tiffin", "--help"], cwd=checkout)
    before, found, _ = trace.read_text().partition("/.venv/bin/tiffin")
    assert found
    assert not re.findall(r"^(?:v?fork|clone3?)\(", before, re.MULTILINE)


def test_it_works_from_elsewhere_and_through_a_link(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout / "tiffin")
    assert run([tmp_path / "link", "--help"], cwd=tmp_path).stderr == ""


def test_a_change_of_a_source_file_counts_at_once(checkout: Path) -> None:
    doctor = checkout / "packages/tiffin/src/tiffin/cli/doctor.py"
    doctor.write_text(
        doctor.read_text().replace("Probes what this host can do", "Sees what this host can do")
    )
    assert "Sees what this host can do" in run(["./tiffin", "doctor", "--help"], cwd=checkout).stdout


def test_a_change_of_a_package_s_metadata_makes_only_that_package_again(checkout: Path) -> None:
    project = checkout / "packages/spec/pyproject.toml"
    project.write_text(project.read_text() + "\n")
    again = run(["./tiffin", "--help"], cwd=checkout).stderr
    assert re.findall(r"packages/(\w+)$", again, re.MULTILINE) == ["spec"]


@pytest.mark.requires("root")
@pytest.mark.tier("packaging")
def test_an_ordinary_user_in_a_checkout_of_root(checkout: Path, tmp_path: Path) -> None:
    """The environment goes to the user's cache, and nothing is written to the checkout."""
    before = sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts)
    script = Path(__file__).resolve().parents[1] / "support/tiffin_testing/ordinary_user.py"
    python = Path(os.path.realpath(checkout / ".venv/bin/python"))
    reach = ["--reach", str(checkout), "--reach", str(python.parents[1])]
    command = [
        "sh",
        "-c",
        f"TIFFIN_PYTHON={python} {checkout}/tiffin doctor root; ls $HOME/.cache/tiffin/checkouts",
    ]
    done = subprocess.run(
        [python, script, *reach, "--", *command], capture_output=True, text=True, timeout=300, check=False
    )
    assert "uid 61234" in done.stdout, done.stderr
    assert str(checkout).replace("/", "%") in done.stdout
    assert sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts) == before
