"""A base image of busybox, a context, and a store to build into; trees of what was built."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.conftest import tree

from tiffin.image.building.build import build
from tiffin.image.building.events import BuildEvent, EventKind, nobody
from tiffin.image.building.finishing import Built
from tiffin.image.building.options import BuildOptions
from tiffin.image.documents import Platform
from tiffin.image.store.store import Store
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transports import open_image
from tiffin.image.transports.opening import open_destination
from tiffin.image.transports.store_source import StoreSource
from tiffin.image.unpack import unpack
from tiffin.image.writing import write_layout
from tiffin_testing.images import directory, file, symlink, tar
from tiffin_testing.rootfs import BUSYBOX, GROUP, PASSWD

Tree = dict[str, tuple[object, ...]]
APPLETS = (
    "ash cat chown chmod cp echo grep head id ip ln ls mkdir mknod mount mv pwd rm rmdir sh sleep stat test touch true"
    " usleep wc"
)


class Building:
    """Builds Dockerfiles given as text; `events` are those of the last build."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder
        self.base = base
        self.context = folder / "context"
        self.context.mkdir(parents=True)
        self.store = Store(str(folder / "store"))
        self.events: list[BuildEvent] = []
        self.events_to: Callable[[BuildEvent], None] = nobody  # hears of them as they come
        self._count = 0

    def write(self, **files: str) -> None:
        """Writes files of the context; `__` in a name is a slash, `_` before its end a dot."""
        for name, content in files.items():
            path = self.context / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def build(self, text: str | None, **options: Any) -> Built:
        """Builds; FROM base is busybox. text: None for the Dockerfile that is in the context."""
        contexts = {"base": f"oci:{self.base}", **options.pop("contexts", {})}
        given = BuildOptions(str(self.context), text=text, contexts=contexts, **options)
        self.events.clear()
        return build(given, self.store, self._report)

    def _report(self, event: BuildEvent) -> None:
        self.events.append(event)
        self.events_to(event)

    def config(self, text: str, **options: Any) -> dict[str, Any]:
        """The `config` of what is built."""
        found = self.build(text, **options).tree["config"]
        assert isinstance(found, dict)
        return found

    @property
    def cached(self) -> list[bool]:
        """Of each step of the last build that changes files, as they ended: whether it was cached."""
        ended = [event for event in self.events if not event.title.startswith("[internal]")]
        kinds = (EventKind.CACHED, EventKind.DONE, EventKind.FAILED)
        return [event.kind is EventKind.CACHED for event in ended if event.kind in kinds]

    @property
    def output(self) -> list[str]:
        """What the commands of the last build wrote."""
        return [event.text for event in self.events if event.kind is EventKind.OUTPUT]

    def layout(self, built: Built) -> Path:
        """The image as an OCI layout, which has been read from the store alone."""
        return self.layout_of(built.names[0])

    def layout_of(self, name: str) -> Path:
        """The same, by its name."""
        self._count += 1
        path = self.folder / f"layout-{self._count}"
        with ExitStack() as stack:
            destination, _ = open_destination(f"oci:{path}:built", stack)
            copy_image(StoreSource(self.store, name), destination)
        return path

    def tree(self, built: Built) -> Tree:
        """Everything in the image, out of its layers."""
        return self.tree_of(self.layout(built))

    def tree_of(self, layout: Path) -> Tree:
        """Everything in the image of a layout."""
        return tree_of_layout(layout, self.folder / f"tree-{self._count}")

    def added(self, built: Built) -> Tree:
        """What is in the image, and is not so in its base; not its root."""
        below = _base_tree(self.base)
        return {
            path: facts
            for path, facts in self.tree(built).items()
            if below.get(path) != facts and path != "."
        }


@functools.cache
def _base_tree(layout: Path) -> Tree:
    """That of the base, which is the same for all tests."""
    return tree_of_layout(layout, layout.parent / "tree")


def tree_of_layout(layout: Path, folder: Path, platform: Platform | None = None) -> Tree:
    """Everything in the only image of a layout. platform: this machine's if None."""
    folder.mkdir()
    with ExitStack() as stack:
        unpack(open_image(f"oci:{layout}", stack, platform), str(folder))
    return tree(folder)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout with busybox, and those of its names that the tests use: making all takes longer than most builds."""
    folder = tmp_path_factory.mktemp("base") / "busybox"
    folders = [directory(name) for name in ("bin", "dev", "etc", "home", "proc", "root", "sys", "var")]
    layer = tar(
        *folders,
        directory("tmp", mode=0o1777),
        file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755),
        *(symlink(f"bin/{name}", "busybox") for name in APPLETS.split()),
        file("etc/passwd", PASSWD.encode()),
        file("etc/group", GROUP.encode()),
    )
    write_layout(
        str(folder), [layer], {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "WorkingDir": "/"}, "latest"
    )
    return folder


@pytest.fixture
def building(tmp_path: Path, base: Path) -> Iterator[Building]:
    """Builds from busybox into a store of its own."""
    made = Building(tmp_path, base)
    yield made
    made.store.database.close()
