"""`restore`: a container from image files. Most of it is what `create` does; CRIU takes the place of our core.

claim the id ─ lock ─ config.json, state (pid 0) ─ criu in the container's cgroups, in a mount namespace of its own
                                 notify `setup-namespaces`: hooks prestart, createRuntime
                                 notify `orphan-pts-master`: the terminal's master to the console socket
                                 notify `post-restore`: state with pid on disk
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cgroup.apply import CLONE_INTO_CGROUP, apply, write
from ..errors import InvalidArgument, OperationFailed
from ..lifecycle.create import CreateOptions, Creation
from ..lifecycle.hooks import run_hooks
from ..lifecycle.run import run_in_foreground
from ..lifecycle.undo import Undo
from ..state.identity import process_stat
from ..state.status import CREATING
from .dump import DESCRIPTORS
from .external import close_inherited, mounts_to_put_in, namespaces_to_join
from .log import explain
from .messages import RESTORE
from .options import RestoreOptions, common_options, folders
from .preparation import preparation, wait_until_prepared
from .rpc import Criu, CriuFailed, check_version

if TYPE_CHECKING:
    from ..cgroup.manager import CgroupManager
    from ..launch.starting import StartedProgram
    from ..lifecycle.settings import Settings
    from ..state.container_state import ContainerState

LOG = "restore.log"
ROOT = "criu-root"  # in the state directory: where CRIU's own mount namespace has the rootfs


def restore(settings: Settings, identifier: str, options: RestoreOptions) -> ContainerState:
    """Restores a container, detached: its processes are this process's children, or a subreaper's.

    Raises:
        InvalidArgument, NotFound: an option, the images, the bundle or its config cannot be used.
        AlreadyExists: the id is in use.
        Unsupported: CRIU is missing, or too old, or cannot join a namespace.
        CriuFailed: CRIU could not do it, with its reason; nothing of the container is left.
    """
    restoration = Restoration(settings, identifier, options)
    restoration.load()
    restoration.check_terminal(detached=True)
    with Undo("restore") as undo:
        restoration.make(undo)
        undo.forget()
    return restoration.state


def restore_in_foreground(
    settings: Settings, identifier: str, options: RestoreOptions, *, subreaper: bool = True
) -> int:
    """Restores a container, waits until its init has ended, deletes it, and returns init's exit code."""
    restoration = Restoration(settings, identifier, options)
    restoration.load()
    return run_in_foreground(restoration, keep=False, subreaper=subreaper)


class Restoration(Creation):
    """A `Creation` whose process comes from image files."""

    def __init__(self, settings: Settings, identifier: str, options: RestoreOptions) -> None:
        create_options = CreateOptions(
            options.bundle,
            console_socket=options.console_socket,
            console_descriptor=options.console_descriptor,
            pid_file=options.pid_file,
            stdio=options.stdio,
            starter=options.starter,
            stop=options.stop,
        )
        super().__init__(settings, identifier, create_options, waits=False)
        self.criu_options = options
        self._started: StartedProgram | None = None

    def _first_state(self, manager: CgroupManager) -> ContainerState:
        """Without poststart: its program has started long ago."""
        state = super()._first_state(manager)
        return state.replace(hooks=tuple(kind for kind in state.hooks if kind != "poststart"))

    def _start_core(self) -> None:
        """None: CRIU makes the processes, and a core would wait, with our lock, for as long as we do."""

    def _launch(self, manager: CgroupManager) -> None:
        """Has CRIU make the processes."""
        self._manager = manager
        check_version()
        root = self.directory.file(ROOT)
        os.mkdir(root, 0o700)
        inherited, joined = namespaces_to_join(self.config)
        try:
            with folders(self.criu_options, make_images=False) as (folder_options, log_folder):
                request = self._request(root, joined) | folder_options
                request["inherit_fd"] = [*inherited, *self._pipes()]
                self._restore(manager, request, [entry["fd"] for entry in inherited], log_folder / LOG)
        except BaseException:
            if self.state.pid:
                self._kill()
            raise
        finally:
            close_inherited(inherited)
            os.rmdir(root)

    def _request(self, root: str, joined: list[dict[str, str]]) -> dict[str, Any]:
        options, config = self.criu_options, self.config
        return common_options(options, dict(config.get("annotations") or {})) | {
            "root": root,
            "log_file": LOG,
            "rst_sibling": True,
            "evasive_devices": True,
            "ext_mnt": mounts_to_put_in(config, self.rootfs),
            "join_ns": joined,
            "lsm_profile": options.lsm_profile or None,
            "lsm_mount_context": options.lsm_mount_context or None,
        }

    def _pipes(self) -> list[dict[str, Any]]:
        """Our standard streams stand in for the pipes that the container had at checkpoint."""
        path = Path(self.criu_options.image_path) / DESCRIPTORS
        try:
            links = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InvalidArgument(
                f"--image-path: {path} cannot be read, so this is no checkpoint: {error}"
            ) from error
        return [{"key": link, "fd": number} for number, link in enumerate(links) if "pipe:" in link]

    def _restore(
        self, manager: CgroupManager, request: dict[str, Any], inherited: Sequence[int], log: Path
    ) -> None:
        log.unlink(missing_ok=True)
        reports, theirs = socket.socketpair()
        images, work = self.criu_options.image_path, self.criu_options.work_path
        wrapper = preparation(
            theirs.fileno(), self.config, self.rootfs, request["root"], images, work or images
        )
        opened: list[int] = []
        try:
            with theirs:
                criu = Criu(
                    wrapper=wrapper,
                    stdio=self.options.stdio,
                    inherited=inherited,
                    starter=self.options.starter,
                    stop=self.options.stop,
                )
            self._started = criu.started
            with criu:
                self._join_cgroups(manager, criu.started.pid())
                opened += wait_until_prepared(reports, self.options.stop)
                # CRIU mounts things in its working directory, which must be in its own mount namespace
                request |= {"images_dir_fd": opened[0], "work_dir_fd": opened[1]}
                request["cg_root"] = cgroup_roots(criu.started.pid())
                criu.ask({"type": RESTORE, "opts": request}, self)
                criu.finish(RESTORE)
        except CriuFailed as error:
            raise explain(error, log) from error
        finally:
            reports.close()
            for descriptor in opened:
                os.close(descriptor)

    def _join_cgroups(self, manager: CgroupManager, pid: int) -> None:
        """CRIU, and so all that it makes, is in the container's cgroups, with their limits."""
        linux = self.config.get("linux", {})
        resources, devices = linux.get("resources"), linux.get("devices", ())
        if manager.adopter is not None:
            manager.adopter.adopt(pid, resources, devices=devices)
            return
        operations = manager.create_operations(resources, devices=devices)
        for warning in apply((one for one in operations if one.number != CLONE_INTO_CGROUP), pid=pid):
            self.settings.log.warning(warning)
        for operation in operations:
            if operation.number == CLONE_INTO_CGROUP:
                write(f"{operation.arguments[0]}/cgroup.procs", str(pid).encode())

    def notified(self, script: str, pid: int, descriptors: Sequence[int]) -> None:
        """CRIU's `Listener`."""
        if script == "setup-namespaces":
            for kind in ("prestart", "createRuntime"):
                run_hooks(self.config, kind, self.state, CREATING, pid, stop=self.options.stop)
        elif script == "post-restore":
            self._restored(pid)
        elif script == "orphan-pts-master" and descriptors:
            self._send_master(descriptors[0])

    def _restored(self, pid: int) -> None:
        found = process_stat(pid)
        if found is None:
            raise OperationFailed("criu restore: the restored process is gone")
        self.identified(pid, found[1])
        self.directory.write(self.state)
        if self._started is not None:
            self._started.identify(pid)
            self._started.adopt(-1)

    def _kill(self) -> None:
        if self._started is not None:
            self._started.kill_made()
        super()._kill()

    def _send_master(self, master: int) -> None:
        if self.options.console_descriptor >= 0:
            console = socket.socket(fileno=os.dup(self.options.console_descriptor))
        else:
            console = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with console:
            if self.options.console_descriptor < 0:
                try:
                    console.connect(self.options.console_socket)
                except OSError as error:
                    text = f"--console-socket: cannot connect to {self.options.console_socket!r}: {error.strerror}"
                    raise InvalidArgument(text) from error
            socket.send_fds(console, [os.readlink(f"/proc/self/fd/{master}").encode()], [master])


def cgroup_roots(pid: int) -> list[dict[str, str]]:
    """Where each cgroup tree's restored part shall be: where CRIU itself is (cgroups(7), /proc/PID/cgroup)."""
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        found += [{"ctrl": controller, "path": path} for controller in controllers.split(",")]
    return found
