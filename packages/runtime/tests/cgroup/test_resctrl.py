"""Groups of resctrl: a directory stands for the file system, which this hardware need not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.runtime import OperationFailed, Runtime
from tiffin.runtime.cgroup import resctrl
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root")


def test_a_create_that_fails_leaves_no_group(
    bundle_factory: Callable[..., Bundle],
    container_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mount = tmp_path / "resctrl"
    mount.mkdir()
    monkeypatch.setattr(resctrl, "find_mount", lambda: str(mount))
    bundle = bundle_factory({"linux": {"intelRdt": {"l3CacheSchema": "L3:0=f"}}})
    with Runtime(tmp_path / "state") as runtime:
        with pytest.raises(OperationFailed) as failure:  # a group of a real one has a file of that name
            runtime.create(container_id, bundle=bundle.path)
        assert failure.value.where == "linux.intelRdt.schemata"
    assert not list(mount.iterdir())
