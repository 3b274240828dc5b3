"""A creation that nobody wants any more is given up wherever it hangs, and leaves nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import shell

from tiffin.runtime.errors import NotFound, TimedOut
from tiffin.runtime.lifecycle.create import CreateOptions, create
from tiffin.runtime.lifecycle.delete import delete
from tiffin.runtime.lifecycle.hooks import HookFailed
from tiffin.runtime.lifecycle.kill import kill
from tiffin.runtime.lifecycle.loaded import LoadedContainer
from tiffin.runtime.lifecycle.settings import Settings
from tiffin.runtime.lifecycle.start import start
from tiffin.runtime.logging.log import Log
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root")
Make = Callable[..., Bundle]
SIGKILL = 9


@pytest.fixture
def settings(tmp_path: Path, nothing_left: None) -> Settings:
    return Settings(str(tmp_path / "state"), Log())


class Hanging:
    """A hook that tells that it runs, and hangs; `stop` becomes readable then."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reached"
        os.mkfifo(self.path)
        self.stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._stop)
        self._thread.start()

    def hook(self, path: str) -> dict[str, object]:
        return {"path": "/bin/sh", "args": ["sh", "-c", f"echo x > {path}; exec sleep 1000"]}

    def _stop(self) -> None:
        self.path.read_text()
        os.eventfd_write(self.stop, 1)

    def close(self) -> None:
        self._thread.join()
        os.close(self.stop)


def test_while_a_hook_of_ours_hangs(
    settings: Settings, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    hanging = Hanging(tmp_path)
    bundle = bundle_factory({"hooks": {"createRuntime": [hanging.hook(str(hanging.path))]}})
    with pytest.raises(HookFailed, match="it was given up"):
        create(settings, container_id, CreateOptions(str(bundle.path), stop=hanging.stop))
    hanging.close()
    with pytest.raises(NotFound):
        LoadedContainer(settings.root, container_id)


def test_while_init_hangs(
    settings: Settings, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    hanging = Hanging(tmp_path)
    bind = {"destination": "/reached", "source": str(hanging.path), "options": ["bind"]}
    inside = f"{tmp_path}/bundle-1/rootfs/reached"
    bundle = bundle_factory({"hooks": {"createContainer": [hanging.hook(inside)]}, "mounts": [bind]})
    assert str(bundle.rootfs / "reached") == inside
    with pytest.raises(TimedOut, match="given up"):
        create(settings, container_id, CreateOptions(str(bundle.path), stop=hanging.stop))
    hanging.close()
    with pytest.raises(NotFound):
        LoadedContainer(settings.root, container_id)


def test_hooks_after_the_start_and_after_the_end(
    settings: Settings, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    hanging = Hanging(tmp_path)
    hook = hanging.hook(str(hanging.path))
    bundle = bundle_factory({"hooks": {"poststart": [hook], "poststop": [hook]}}, args=shell("sleep 1000"))
    create(settings, container_id, CreateOptions(str(bundle.path)))
    with pytest.raises(HookFailed, match="it was given up"):
        start(settings, container_id, stop=hanging.stop)
    delete(settings, container_id, force=True, stop=hanging.stop)
    hanging.close()
    with pytest.raises(NotFound):
        kill(settings, container_id, SIGKILL)
