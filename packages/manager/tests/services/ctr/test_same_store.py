"""One store for the daemon and for commands without one: what `tiffin-image` pulls, `ctr` sees."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.services.ctr.conftest import NAME
from packages.manager.tests.services.ctr.test_scripts import rows

from tiffin.image.metadata.namespaces import Scope
from tiffin.image.pull.pull import pull
from tiffin.image.store.store import Store
from tiffin.image.transports.opening import open_source

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "containerd", "ctr", "overlayfs", "busybox"),
]


def test_an_image_that_was_pulled_without_the_daemon(daemon: Daemon, layout: Path) -> None:
    if not daemon.ours:
        pytest.skip("containerd's store is its own")
    store = Store(str(daemon.ctr.folder / "root"), Scope(daemon.namespace))
    with ExitStack() as stack:
        stack.callback(store.database.close)
        pulled = pull(open_source(f"oci:{layout}:1", stack), store, NAME)
    assert pulled.unpacked is not None
    (row,) = rows(daemon.ctr("images", "check", "--snapshotter", "overlayfs"))
    assert (row[0], row[3:5], row[-1]) == (NAME, ["complete", "(4/4)"], "true")
    daemon.ctr("containers", "create", "--snapshotter", "overlayfs", NAME, "one")
    parents = {row[0]: row[1] for row in rows(daemon.ctr("snapshots", "ls")) if len(row) > 2}
    assert parents["one"] == pulled.unpacked.chain_id
    daemon.ctr("images", "rm", "--sync", NAME)
    daemon.ctr("containers", "rm", "one")
    daemon.ctr("leases", "create", "--id", "x")
    daemon.ctr("leases", "rm", "--sync", "x")
    assert daemon.ctr("content", "ls", "--quiet") == ""
    assert rows(daemon.ctr("snapshots", "ls")) == []
