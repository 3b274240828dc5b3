"""runtime-spec 1.3, config.json: the whole document, its root, mounts and hooks."""

from __future__ import annotations

from typing import Annotated, ClassVar

from tiffin.spec.model import REQUIRED, Int, Model
from tiffin.spec.runtime.linux import IDMapping, Linux
from tiffin.spec.runtime.other_platforms import VM, FreeBSD, Solaris, Windows, Zos
from tiffin.spec.runtime.process import Process


class Root(Model, kw_only=True):
    """The root file system: a path that is absolute or relative to the bundle."""

    SECTION: ClassVar[str] = "config.md: Root"
    path: str
    readonly: bool | None = None


class Mount(Model, kw_only=True):
    """A mount on top of the root; with idmap or ridmap in `options`, one with mappings of its own."""

    SECTION: ClassVar[str] = "config.md: Mounts"
    destination: str
    type: str | None = None
    source: str | None = None
    options: list[str] | None = None
    uidMappings: list[IDMapping] | None = None
    gidMappings: list[IDMapping] | None = None


class Hook(Model, kw_only=True):
    """A program to run at a point in the container's life; `timeout` is in seconds."""

    SECTION: ClassVar[str] = "config.md: POSIX-platform Hooks"
    path: str
    args: list[str] | None = None
    env: list[str] | None = None
    timeout: Int | None = None


class Hooks(Model, kw_only=True):
    """The six kinds of hooks."""

    SECTION: ClassVar[str] = "config.md: POSIX-platform Hooks"
    prestart: list[Hook] | None = None
    createRuntime: list[Hook] | None = None
    createContainer: list[Hook] | None = None
    startContainer: list[Hook] | None = None
    poststart: list[Hook] | None = None
    poststop: list[Hook] | None = None


class Config(Model, kw_only=True):
    """config.json of a bundle."""

    SECTION: ClassVar[str] = "config.md: Configuration"
    ociVersion: Annotated[str, REQUIRED] = ""
    process: Process | None = None
    root: Root | None = None
    hostname: str | None = None
    domainname: str | None = None
    mounts: list[Mount] | None = None
    hooks: Hooks | None = None
    annotations: dict[str, str] | None = None
    linux: Linux | None = None
    solaris: Solaris | None = None
    windows: Windows | None = None
    vm: VM | None = None
    zos: Zos | None = None
    freebsd: FreeBSD | None = None
