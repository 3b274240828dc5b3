"""`Host`: what this process is on its machine (root or not), and where things are kept."""

from __future__ import annotations

import os
import shutil

from tiffin.cli.failure import CommandFailed
from tiffin.image.store.store import Store
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.spec.runtime.tree import ConfigTree

CGROUP = "/sys/fs/cgroup"


class Host(Record):
    """rootless: not the machine's root. run_root: folder of what a reboot removes. store: of images and containers."""

    rootless: bool
    run_root: str
    store: Store

    @classmethod
    def enter(cls, arguments: Arguments | None = None) -> Host:
        """Finds out who we are; without root, enters a user namespace.

        Raises:
            CommandFailed: if a user namespace cannot be had.
        """
        run_root = _run_root()
        if os.geteuid() != 0:
            if arguments is not None and arguments.text("userns", "host") != "host":
                raise CommandFailed("--userns: without root the container is in tiffin's own user namespace")
            from tiffin.cli.run.rootless import enter_user_namespace

            enter_user_namespace()
        return cls(in_user_namespace(), run_root, Store())

    @property
    def volumes(self) -> str:
        """The folder of named volumes."""
        return os.path.join(self.store.root, "volumes")

    def runtime(self, arguments: Arguments) -> tuple[str, str]:
        """Path and state directory of the runtime; the path is "" for tiffin's own. Raises CommandFailed."""
        asked = arguments.text("runtime")
        if not asked:
            return "", os.path.join(self.run_root, "containers")
        path = shutil.which(asked)
        if path is None:
            raise CommandFailed(f"--runtime: there is no program {asked!r}")
        return os.path.abspath(path), os.path.join(self.run_root, "runtimes", os.path.basename(path))

    def cgroup_version(self) -> int:
        """1 or 2; 0 if this user may not make cgroups."""
        if os.path.exists(f"{CGROUP}/cgroup.controllers"):
            return 2 if not self.rootless or os.access(_own_cgroup(), os.W_OK) else 0
        if not os.path.isdir(f"{CGROUP}/memory") or self.rootless:
            return 0
        return 1

    def add_to(self, config: ConfigTree, arguments: Arguments) -> None:
        """What the host, not the user, makes necessary."""
        if self.rootless and arguments.text("network") == "host":
            config["linux"]["namespaces"] = [
                space for space in config["linux"]["namespaces"] if space["type"] != "network"
            ]


def in_user_namespace() -> bool:
    """Whether this process is in another user namespace than the machine's first."""
    with open("/proc/self/uid_map") as file:
        return file.read().split() != ["0", "0", "4294967295"]


def _own_cgroup() -> str:
    with open("/proc/self/cgroup") as file:
        path = next((line.split("::", 1)[1].strip() for line in file if line.startswith("0::")), "/")
    return CGROUP + path


def _run_root() -> str:
    if os.geteuid() == 0 and not in_user_namespace():
        return "/run/tiffin"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/tiffin-{os.geteuid()}", "tiffin")
