"""The pytest plugin itself: tiers, `requires`, CI's promises, and the leak check, each seen to bite."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree

import pytest

from tiffin.runtime.host import Finding
from tiffin_testing import requirements
from tiffin_testing.bundle import merge_patch

CONFTEST = 'pytest_plugins = ["tiffin_testing.plugin"]'
ORPHAN = """
import subprocess
def test_leaves_an_orphan(nothing_left):
    subprocess.run(["sh", "-c", "sleep 300 & echo $! > orphan"], check=True)
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A pytest of its own, in this process, on a host that has `here` and lacks `gone`."""
    pytester.makeconftest(CONFTEST)
    findings = {"here": Finding(True, "yes"), "gone": Finding(False, "not on this host")}
    monkeypatch.setattr(requirements, "finding_of", lambda name: findings[name])
    monkeypatch.delenv("CI", raising=False)
    return pytester


def test_a_need_that_is_met_runs_the_test(session: pytest.Pytester) -> None:
    session.makepyfile('import pytest\n@pytest.mark.requires("here")\ndef test_it(): pass')
    session.runpytest().assert_outcomes(passed=1)


def test_a_need_that_is_not_met_skips_the_test_and_says_why(session: pytest.Pytester) -> None:
    session.makepyfile('import pytest\n@pytest.mark.requires("here", "gone")\ndef test_it(): assert False')
    result = session.runpytest("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*requires gone: not on this host*"])


def test_a_promise_that_ci_breaks_fails_the_test(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    promises = session.path / "promises.txt"
    promises.write_text("# comment\ngone  # and another\n")
    monkeypatch.setattr(requirements, "PROMISES", promises)
    monkeypatch.setenv("CI", "true")
    session.makepyfile('import pytest\n@pytest.mark.requires("gone")\ndef test_it(): pass')
    result = session.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*CI promises gone*not on this host*"])


def test_an_unknown_name_is_an_error(session: pytest.Pytester) -> None:
    session.makepyfile('import pytest\n@pytest.mark.requires("nonsense")\ndef test_it(): pass')
    session.runpytest().assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("tier", "selected"),
    [
        ("unit", ["test_plain"]),
        ("kernel", ["test_root"]),
        ("fuzz", ["test_marked"]),
        ("interop", ["test_folder"]),
    ],
)
def test_tiers_by_marker_folder_and_need(session: pytest.Pytester, tier: str, selected: list[str]) -> None:
    folder = session.mkdir("interop")
    (folder / "test_in_folder.py").write_text("def test_folder(): pass")
    session.makepyfile(
        """
        import pytest
        def test_plain(): pass
        @pytest.mark.requires("root")
        def test_root(): pass
        @pytest.mark.tier("fuzz")
        @pytest.mark.requires("root")
        def test_marked(): pass
        """
    )
    listed = session.runpytest("--collect-only", "-q", "--tier", tier).outlines
    assert [line.partition("::")[2] for line in listed if "::" in line] == selected


def test_a_process_that_a_test_leaves_fails_it_and_is_ended(session: pytest.Pytester) -> None:
    session.makepyfile(ORPHAN)
    result = session.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*left behind:*", "*process *sleep 300*"])
    pid = int((session.path / "orphan").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


FAILS_ONCE = """
import pytest
tries = []
@pytest.mark.tier("interop")
@pytest.mark.parametrize("runtime", ["{subject}"])
def test_it(runtime):
    tries.append(runtime)
    assert len(tries) > {failures}
"""


@pytest.mark.parametrize(
    ("subject", "failures", "passes", "tried_again"),
    [("runc", 0, True, 0), ("runc", 1, True, 1), ("runc", 2, False, 1), ("tiffin-runtime", 1, False, 0)],
)
def test_only_tests_of_a_counterpart_have_a_second_try(
    session: pytest.Pytester, subject: str, failures: int, *, passes: bool, tried_again: int
) -> None:
    session.makepyfile(FAILS_ONCE.format(subject=subject, failures=failures))
    report = session.path / "report.xml"
    result = session.runpytest(f"--junitxml={report}")
    outcomes = result.parseoutcomes()
    assert (outcomes.get("passed", 0), outcomes.get("failed", 0)) == ((1, 0) if passes else (0, 1))
    assert outcomes.get("rerun", 0) == tried_again
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314  # our own report
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0" if passes else "1")


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": None, "e": 4}}, {"a": 1, "b": {"d": 3, "e": 4}}),
        ({"list": [1, 2]}, {"list": [3]}, {"list": [3]}),
        ({}, {"new": {"inner": None, "kept": 1}}, {"new": {"kept": 1}}),
    ],
)
def test_merge_patch(target: object, patch: object, merged: object) -> None:
    assert merge_patch(target, patch) == merged
