"""Every malformed or hostile config: exit code 1, an error that names the place, and nothing left behind.

The fixture `runtime_under_test` fails the test if a process, a mount, a cgroup or a state directory is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from packages.runtime.tests.hostile.configs import ALL, Hostile

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")


def written(hostile: Hostile, make: Callable[..., Bundle]) -> Bundle:
    """The bundle with the row's change or raw text in place."""
    bundle = make()
    text = hostile.raw
    if hostile.change is not None:
        config = json.loads((bundle.path / "config.json").read_text())
        hostile.change(config)
        text = json.dumps(config).encode()
    assert text is not None
    (bundle.path / "config.json").write_bytes(text)
    return bundle


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.name)
def test_a_bad_config_is_refused_by_its_place(
    hostile: Hostile, runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str
) -> None:
    if runtime_under_test.name == "runc" and not hostile.refused_by_runc:
        pytest.skip("runc takes this one, or dies of it")
    outcome = runtime_under_test.create(container_id, written(hostile, bundle_factory))
    assert outcome.exit_code == 1, outcome
    assert len(outcome.stderr) < 4000
    if runtime_under_test.name != "runc":
        assert re.search(hostile.names, outcome.stderr), outcome.stderr
    assert not list(runtime_under_test.containers())


def test_the_table_is_as_large_as_we_say() -> None:
    assert len(ALL) >= 60
    assert len({hostile.name for hostile in ALL}) == len(ALL)


@pytest.mark.parametrize(
    "identity", ["", ".", "..", "a/b", "/abs", "a b", "a\nb", "ü", "x" * 2000, "a;b", "../../etc"]
)
def test_an_id_that_is_no_name_is_refused(
    identity: str, runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle]
) -> None:
    bundle = bundle_factory()
    outcome = runtime_under_test.call("create", "--bundle", bundle.path, identity)
    assert outcome.exit_code == 1, outcome
    assert not list(runtime_under_test.containers())


def test_an_id_in_use_is_refused_and_the_first_container_lives_on(
    runtime_under_test: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str
) -> None:
    bundle = bundle_factory(args=["sleep", "1000"])
    runtime_under_test.create(container_id, bundle).must_succeed()
    try:
        outcome = runtime_under_test.create(container_id, bundle_factory())
        assert outcome.exit_code == 1
        assert "exist" in outcome.stderr
        assert runtime_under_test.status(container_id) == "created"
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()
