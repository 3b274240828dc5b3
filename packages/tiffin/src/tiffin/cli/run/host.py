"""`Host`: what this process is on its machine (root or not), and where things are kept."""

from __future__ import annotations

import os
import stat

from tiffin.cli.failure import CommandFailed
from tiffin.image.store.store import Store
from tiffin.runtime.record import Record
from tiffin.spec.runtime.capabilities import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from tiffin.cli.parse import Arguments

CGROUP = "/sys/fs/cgroup"
RUN_VARIABLE = "TIFFIN_RUN_ROOT"


class Host(Record):
    """rootless: not the machine's root. run_root: folder of what a reboot removes. store: of images and containers."""

    rootless: bool
    run_root: str
    store: Store

    @classmethod
    def enter(cls, arguments: Arguments | None = None, *, beside: str = "") -> Host:
        """Finds out who we are; without root, or what makes root, enters a user namespace.

        Args:
            beside: name of a container; if it runs, its user namespace is entered, where its processes can be reached.

        Raises:
            FailedPrecondition: if a user namespace cannot be had.
        """
        run_root = os.environ.get(RUN_VARIABLE) or _default_run_root()
        if needs_user_namespace():
            if arguments is not None and arguments.text("userns", "host") != "host":
                raise CommandFailed("--userns: without root the container is in tiffin's own user namespace")
            from tiffin.image.store.rootless import enter_user_namespace, join_user_namespace

            if pid := _pid_of(beside) if beside else 0:
                join_user_namespace(pid)
            else:
                enter_user_namespace()
        return cls(in_user_namespace(), os.path.abspath(run_root), Store())

    def swept(self) -> Self:
        """The same, after what killed commands left was removed."""
        from tiffin.cli.containers.sweep import sweep

        sweep(self.store.containers)
        return self

    @property
    def volumes(self) -> str:
        """The folder of named volumes."""
        return os.path.join(self.store.root, "volumes")

    def runtime(self, arguments: Arguments) -> tuple[str, str]:
        """Path and state directory of the runtime; the path is "" for tiffin's own. Raises CommandFailed."""
        asked = arguments.text("runtime")
        if not asked:
            return "", os.path.join(self.run_root, "containers")
        from shutil import which  # only here: it takes five milliseconds

        path = which(asked)
        if path is None:
            raise CommandFailed(f"--runtime: there is no program {asked!r}")
        return os.path.abspath(path), os.path.join(self.run_root, "runtimes", os.path.basename(path))

    def cgroup_version(self) -> int:
        """1 or 2; 0 if this user may not make cgroups."""
        if os.path.exists(f"{CGROUP}/cgroup.controllers"):
            return 2 if not self.rootless or os.access(CGROUP + own_cgroup(), os.W_OK) else 0
        if not os.path.isdir(f"{CGROUP}/memory") or self.rootless:
            return 0
        return 1

    def cgroup_parent(self, arguments: Arguments) -> str:
        """The cgroup that the container's is made in: the topmost one, or without root the one that we are in."""
        asked = arguments.text("cgroup-parent")
        if asked:
            return "/" + asked.strip("/")
        return own_cgroup().rstrip("/") if self.rootless else ""


def needs_user_namespace() -> bool:
    """Whether this is not root, or a root that may not mount."""
    return os.geteuid() != 0 or "CAP_SYS_ADMIN" not in held_capabilities()


def _pid_of(name: str) -> int:
    """Of the first process of a container of this user; 0 if it does not run, as the command will find out."""
    from tiffin.cli.containers.each import EXPECTED
    from tiffin.cli.containers.record import find_record

    try:
        record = find_record(Store().containers, name)
        return record.executor().pid(name) if record.is_alive() else 0
    except EXPECTED:
        return 0


def in_user_namespace() -> bool:
    """Whether this process is in another user namespace than the machine's first."""
    with open("/proc/self/uid_map") as file:
        return file.read().split() != ["0", "0", "4294967295"]


def held_capabilities() -> tuple[str, ...]:
    """The capabilities that this process has, and can give."""
    with open("/proc/self/status") as file:
        permitted = next(int(line.split()[1], 16) for line in file if line.startswith("CapPrm:"))
    return tuple(name for number, name in enumerate(NAMES) if permitted >> number & 1)


def may_set_groups() -> bool:
    """Whether setgroups(2) is allowed: not in a user namespace that was made without privileges."""
    with open("/proc/self/setgroups") as file:
        return file.read().strip() == "allow"


def own_cgroup() -> str:
    """The path of our own cgroup in the hierarchy of version 2."""
    with open("/proc/self/cgroup") as file:
        return next((line.split("::", 1)[1].strip() for line in file if line.startswith("0::")), "/")


def _default_run_root() -> str:
    if os.geteuid() == 0 and not in_user_namespace():
        return "/run/tiffin"
    given = os.environ.get("XDG_RUNTIME_DIR")
    return os.path.join(given or _private_folder(f"/tmp/tiffin-{os.geteuid()}"), "tiffin")


def _private_folder(path: str) -> str:
    """Makes the folder, or makes sure that the one that is there is ours: in /tmp anybody may have made it."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise CommandFailed(f"{path!r} belongs to somebody else: set XDG_RUNTIME_DIR") from None
    return path
