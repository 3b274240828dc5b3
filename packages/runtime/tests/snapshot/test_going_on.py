"""The first command makes the image, the others go on from it, whatever the interpreter and the layout of memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packages.runtime.tests.snapshot.installation import Installation
from packages.runtime.tests.snapshot.probe import probe_both

TIMES = 100
TRACED = ("strace", "-f", "-qq", "-e", "trace=execve", "-o")
LAYOUTS = {
    "fixed": ("setarch", "-R"),
    "old": ("setarch", "-L"),
    "without a limit of the stack": ("prlimit", "--stack=unlimited", "--"),
    "with a short stack": ("prlimit", "--stack=1048576", "--"),
}


def programs(report: Path) -> list[str]:
    """The names of the programs that were executed, from strace's report."""
    done = re.findall(r'execve\("([^"]*)".* = 0$', report.read_text(), re.MULTILINE)
    return [path.rpartition("/")[2] for path in done]


@pytest.mark.requires("strace")
def test_the_second_command_executes_no_interpreter(installation: Installation, tmp_path: Path) -> None:
    first = installation.call("features")
    assert (first.returncode, first.stderr) == (0, b"")
    assert installation.image.stat().st_mode & 0o777 == 0o600
    second = installation.call("features", before=(*TRACED, str(tmp_path / "trace")))
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert programs(tmp_path / "trace") == ["env", installation.front.name]


def test_it_is_not_needed_that_the_front_finds_an_interpreter(installation: Installation) -> None:
    installation.ready()
    for path in installation.front.parent.glob("python3.*"):
        path.unlink()
    assert installation.goes_on()


def test_without_is_without(installation: Installation) -> None:
    assert installation.call("features", way="no").returncode == 0
    assert not installation.image.exists()
    assert installation.why_not() == "there is none"


def test_a_command_that_fails_makes_none(installation: Installation) -> None:
    assert installation.call("features", "--no-such-flag").returncode == 1
    assert not installation.image.exists()


def test_no_layout_of_memory_is_in_the_way(each: Installation) -> None:
    """The kernel puts program, stack and libraries anywhere; the image has them at one place."""
    each.ready()
    for _ in range(TIMES):
        done = each.call("--version", way="only")
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.requires("unshare")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_image_from_one_layout_is_good_for_another(each: Installation, layout: str) -> None:
    wrapped = LAYOUTS[layout]
    usual = each.ready().call("features", way="only", before=wrapped)
    assert (usual.returncode, usual.stderr) == (0, b"")
    each.remove()
    assert each.call("features", before=wrapped).stdout == usual.stdout
    for before in (wrapped, ()):
        done = each.call("features", way="only", before=before)
        assert (done.returncode, done.stdout, done.stderr) == (0, usual.stdout, b"")


@pytest.mark.requires("unshare")
@pytest.mark.parametrize("layout", [(), *LAYOUTS.values()], ids=["random", *LAYOUTS])
def test_threads_forks_memory_and_clocks_work(each: Installation, layout: tuple[str, ...]) -> None:
    found = probe_both(each, "work", before=layout)
    assert (found["threads"], found["main"], found["child"]) == (list(range(8)), True, 7)
    assert (found["deep"], found["clocks"]) == (True, True)
