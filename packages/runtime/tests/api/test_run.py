"""`Runtime.run`: a container to its end, however its config is given."""

from __future__ import annotations

import signal
import time

import pytest
from packages.runtime.tests.api.conftest import Make, shell
from packages.runtime.tests.lifecycle.containers import has_ended

from tiffin.runtime import AlreadyExists, InvalidArgument, NotFound, OperationFailed, Runtime, TimedOut
from tiffin.spec.model import from_tree
from tiffin.spec.runtime.config import Config

pytestmark = pytest.mark.requires("root")
SECONDS = 20.0


def test_the_config_is_a_dict(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=shell("echo out; echo err >&2; exit 3"))
    result = runtime.run(bundle.config, bundle=bundle.path)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n", b"err\n")


def test_the_config_is_a_struct(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=["echo", "struct"])
    assert runtime.run(from_tree(bundle.config, Config), bundle=bundle.path).stdout == b"struct\n"


def test_the_config_is_the_bundles(runtime: Runtime, bundle_factory: Make) -> None:
    assert runtime.run(bundle=bundle_factory(args=["echo", "bundle"]).path).stdout == b"bundle\n"


def test_a_config_that_is_changed_in_place_is_another_one(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory()
    for word in (b"one", b"two", b"three"):
        bundle.config["process"]["args"] = ["echo", word.decode()]
        assert runtime.run(bundle.config, bundle=bundle.path).stdout == word + b"\n"


def test_each_container_of_a_config_has_its_own_cgroup(runtime: Runtime, bundle_factory: Make) -> None:
    """One config, run again: what is remembered of it names no container."""
    bundle = bundle_factory({"linux": {"cgroupsPath": None}}, args=["cat", "/proc/self/cgroup"])
    del bundle.config["linux"]["namespaces"][-1]  # else all of them see `/`
    for name in ("tiffin-api-a", "tiffin-api-b"):
        shown = runtime.run(bundle.config, bundle=bundle.path, identifier=name).stdout.decode()
        assert shown.count(f"/{name}\n") == len(shown.splitlines())


def test_input_is_its_stdin(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=["cat"])
    assert runtime.run(bundle.config, bundle=bundle.path, input=b"a\nb\0").stdout == b"a\nb\0"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGTERM])
def test_death_by_a_signal_is_128_and_its_number(
    number: signal.Signals, runtime: Runtime, bundle_factory: Make
) -> None:
    namespaces = [{"type": kind} for kind in ("mount", "ipc", "uts", "network")]
    bundle = bundle_factory({"linux": {"namespaces": namespaces}}, args=shell(f"kill -{number} $$"))
    assert runtime.run(bundle.config, bundle=bundle.path).exit_code == 128 + number


def test_time_is_limited_and_what_it_wrote_is_told(runtime: Runtime, bundle_factory: Make) -> None:
    script = "echo begun; echo why >&2; sleep 1000 & setsid sleep 1000 & wait"
    bundle = bundle_factory(args=shell(script))
    begin = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        runtime.run(bundle.config, bundle=bundle.path, timeout=0.5)
    assert 0.5 <= time.monotonic() - begin < SECONDS
    assert (caught.value.stdout, caught.value.stderr) == (b"begun\n", b"why\n")


def test_what_shares_our_pids_ends_with_it(runtime: Runtime, bundle_factory: Make) -> None:
    namespaces = [{"type": kind} for kind in ("mount", "ipc", "uts", "network")]
    bundle = bundle_factory({"linux": {"namespaces": namespaces}}, args=shell("setsid sleep 1000 & echo $!"))
    pid = int(runtime.run(bundle.config, bundle=bundle.path).stdout)
    assert has_ended(pid)


def test_a_missing_program_is_told_apart(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=["no-such-program"])
    with pytest.raises(OperationFailed) as caught:
        runtime.run(bundle.config, bundle=bundle.path)
    assert (caught.value.program, caught.value.errno, caught.value.where) == (True, 2, "process.args")


def test_a_failed_operation_says_where_it_came_from(runtime: Runtime, bundle_factory: Make) -> None:
    mount = {"destination": "/mnt", "type": "bind", "source": "/no/such/folder", "options": ["rbind"]}
    bundle = bundle_factory()
    where = f"mounts[{len(bundle.config['mounts'])}]"
    bundle.config["mounts"].append(mount)
    with pytest.raises(OperationFailed) as caught:
        runtime.run(bundle.config, bundle=bundle.path)
    assert (caught.value.where, caught.value.errno, caught.value.program) == (where, 2, False)


def test_an_invalid_config_is_refused_each_time(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory({"process": {"cwd": "relative"}})
    for _ in range(2):
        with pytest.raises(InvalidArgument, match=r"process\.cwd"):
            runtime.run(bundle.config, bundle=bundle.path)


def test_there_is_no_such_bundle(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        runtime.run(bundle="/no/such/bundle")


def test_an_identifier_is_used_once(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=["sleep", "1000"])
    container = runtime.create("taken", bundle.config, bundle=bundle.path)
    try:
        with pytest.raises(AlreadyExists):
            runtime.run(bundle.config, bundle=bundle.path, identifier="taken")
        assert container.status == "created"
    finally:
        container.delete(force=True)
