"""Under our filter each system call ends as it does in a container of runc with the same profile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.runtime.tests.seccomp.native import build_probe, call_lines, results_under_filter
from packages.runtime.tests.seccomp.profiles import (
    CALLS,
    PROFILES,
    PROFILES_WITH_FLAGS,
    Call,
    Profile,
    strict,
)

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime, new_id, runtime_command

Runner = Callable[[str, Profile], dict[Call, str]]

pytestmark = pytest.mark.requires("root", "runc", "seccomp", "gcc")


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    (folder / "calls").write_text("\n".join(call_lines()) + "\n")
    return build_probe(folder)


@pytest.fixture
def in_container(
    probe: Path, bundle_factory: Callable[..., Bundle], tmp_path: Path, nothing_left: None
) -> Runner:
    """Runs the probe's calls in a container of a runtime."""

    def run(runtime: str, profile: Profile) -> dict[Call, str]:
        bundle = bundle_factory({"linux": {"seccomp": profile}}, args=["/probe", "/calls"])
        shutil.copy2(probe, bundle.rootfs / "probe")
        shutil.copy2(probe.parent / "calls", bundle.rootfs / "calls")
        done = OCIRuntime(runtime_command(runtime), tmp_path / "state").run(new_id(), bundle).must_succeed()
        return dict(zip(CALLS, done.stdout.splitlines(), strict=True))

    return run


def under_our_filter(probe: Path, profile: Profile, folder: Path) -> dict[Call, str]:
    return dict(zip(CALLS, results_under_filter(probe, probe.parent / "calls", profile, folder), strict=True))


@pytest.mark.parametrize("name", PROFILES)
def test_every_call_ends_as_in_runc(name: str, probe: Path, in_container: Runner, tmp_path: Path) -> None:
    assert under_our_filter(probe, PROFILES[name], tmp_path) == in_container("runc", PROFILES[name])


@pytest.mark.requires("crun")
@pytest.mark.parametrize("name", PROFILES_WITH_FLAGS)
def test_every_call_ends_as_in_crun(name: str, probe: Path, in_container: Runner, tmp_path: Path) -> None:
    profile = PROFILES_WITH_FLAGS[name]
    assert under_our_filter(probe, profile, tmp_path) == in_container("crun", profile)


def test_without_architectures_unknown_calls_are_enosys_as_in_runc_1_2(probe: Path, tmp_path: Path) -> None:
    """runc 1.1 forgot the native architecture here; 1.2 implies it."""
    profile = strict("ERRNO", architectures="")
    assert "architectures" not in profile
    assert under_our_filter(probe, profile, tmp_path) == under_our_filter(
        probe, PROFILES["default-errno"], tmp_path
    )


def test_the_probe_tells_results_apart(probe: Path, tmp_path: Path) -> None:
    """The comparison above would mean nothing if every result looked alike."""
    names = ("errno", "kill-thread", "kill-process", "trap", "trace", "log", "default-errno-given")
    call: Call = ("native", "getppid", ())
    seen = {name: under_our_filter(probe, PROFILES[name], tmp_path)[call] for name in names}
    assert seen == {
        "errno": "errno 1",
        "kill-thread": "killed thread",
        "kill-process": "killed process",
        "trap": "trap 0",
        "trace": "errno 38",
        "log": "returned",
        "default-errno-given": "errno 13",
    }
