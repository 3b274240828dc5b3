"""create, and the first half of run: from a bundle to a container whose state is on disk.

claim the id ─ lock ─ config.json, state (pid 0), FIFO ─ plan ─ launch
                                       barrier `created`: state with pid on disk, systemd unit, network devices
                                       barrier `hooks`:   prestart, createRuntime
Each step is undone if a later one fails; a kill -9 at any point leaves what `delete --force` removes.
"""

from __future__ import annotations

import posix

from tiffin.spec.json_tree import encode as encode_json

from ..cgroup.manager import select_manager
from ..compile.create import CreateRequest, plan_create
from ..compile.namespaces import early_namespaces
from ..launch.starting import OWN_CHILDREN
from ..logging.log import precise_timestamp
from ..record import Record
from ..state.container_state import ContainerState
from ..state.directory import CONFIG, FIFO, StateDirectory
from ..state.files import write_atomically
from ..state.identity import boot_id, process_stat
from ..state.status import CREATING, STOPPED
from .activation import check_preserved, with_activation
from .config import check_config, decode_config, read_config
from .config_facts import joins_time, resctrl_group, shares_pids
from .hooks import kept_hooks, run_hooks, run_hooks_tolerantly
from .launching import TracingAttendant, check_terminal
from .pid_file import send_pidfd, write_pid_file
from .settings import tolerates_no_cgroups
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..launch.launcher import Launch
    from ..launch.starting import Starter
    from ..netdevices.move import MovedDevices
    from ..plan.operation import Plan
    from .notify import NotifySocket
    from .settings import Settings

SIGKILL = 9
FIFO_MODE = 0o600  # the launcher opens it, with the host's privileges


class CreateOptions(Record):
    """The flags of create and run; paths are absolute.

    console_descriptor: console socket of a terminal in the foreground, -1 without.
    activated: how many of the descriptors from 3 on are sockets that systemd handed over, before `preserve_fds` more.
    notify_socket: where to tell systemd that the container is ready, "" for nowhere.
    stdio: descriptors of this process for the container's standard streams.
    starter: who starts the core, and becomes the parent of the container's process.
    stop: a descriptor that becomes readable when the container is not wanted any more; -1 for none.
    """

    bundle: str
    console_socket: str = ""
    console_descriptor: int = -1
    pidfd_socket: str = ""
    pid_file: str = ""
    no_pivot: bool = False
    no_new_keyring: bool = False
    preserve_fds: int = 0
    activated: int = 0
    notify_socket: str = ""
    stdio: tuple[int, int, int] = (0, 1, 2)
    starter: Starter = OWN_CHILDREN
    stop: int = -1


def create(
    settings: Settings, identifier: str, options: CreateOptions, *, config: ConfigTree | None = None
) -> ContainerState:
    """Makes a container whose process waits for `start`.

    Args:
        config: instead of the bundle's config.json.

    Raises:
        InvalidArgument, NotFound: the config, a flag or the bundle cannot be used.
        AlreadyExists: the id is in use.
        OperationFailed, HookFailed, Unsupported: a step failed; nothing of the container is left.
        CleanupFailed: and something of it could not be removed.
    """
    creation = Creation(settings, identifier, options, waits=True)
    creation.load(config)
    creation.check_terminal(detached=True)
    with Undo("create") as undo:
        creation.make(undo)
        undo.forget()
    return creation.state


class Creation(TracingAttendant):
    """One container in the making.

    waits: its process stops before the user's program, for `start` (create); else it goes on (run).
    """

    def __init__(self, settings: Settings, identifier: str, options: CreateOptions, *, waits: bool) -> None:
        super().__init__(settings)
        self.options = options
        self.waits = waits
        self.directory = StateDirectory(settings.root, identifier)
        self.config: ConfigTree = {}
        self.state = ContainerState(identifier)
        self._undo = Undo("create")
        self._launched: Launch | None = None
        self._moved: MovedDevices | None = None
        self.notify: NotifySocket | None = None

    def load(self, tree: ConfigTree | None = None) -> None:
        """Takes the config from the bundle, or as a tree, and makes sure that it can be used."""
        if tree is None:
            self._data = read_config(self.options.bundle)
            tree = decode_config(self._data, source=f"{self.options.bundle}/config.json")
        else:
            self._data = encode_json(tree).encode("utf-8", "surrogateescape")
        check_config(tree, self.settings.log)
        self.config = self._with_sockets(tree)

    def _with_sockets(self, tree: ConfigTree) -> ConfigTree:
        """The config as this one process gets it; the one that is kept, for exec, does not have systemd's sockets."""
        options = self.options
        check_preserved(options.activated + options.preserve_fds)
        if options.activated:
            tree = with_activation(tree, options.activated)
        if options.notify_socket:
            from .notify import add_notify_mount

            tree = add_notify_mount(tree, self.directory.path)
        return tree

    @property
    def terminal(self) -> bool:
        return bool(self.config.get("process", {}).get("terminal"))

    def check_terminal(self, *, detached: bool) -> None:
        """Raises InvalidArgument if nobody would hold the other side of the terminal."""
        check_terminal(self.terminal, self.options.console_socket, detached=detached)

    def make(self, undo: Undo) -> None:
        """Makes the container; `undo` undoes all of it."""
        self._undo = undo
        lock = self.directory.claim()
        undo.add(lock.release)  # last: till then nobody else may have the id
        self._lock = lock.descriptor
        undo.add(self.directory.remove)
        undo.add(self.abandon_core)
        self._start_core()
        if self.options.notify_socket:
            self._make_notify_socket(undo)
        manager = self.select_manager()
        manager.check_unused()
        self.state = self._first_state(manager)
        write_atomically(self.directory.path, CONFIG, self._data)
        self.directory.write(self.state)
        undo.add(self._run_poststop)
        if self.waits:
            posix.mkfifo(self.directory.file(FIFO), FIFO_MODE)
        undo.add(manager.remove)
        self._launch(manager)
        undo.add(self._kill)
        self._tell_caller()
        if self._moved is not None:
            self._moved.close()
        lock.release()

    def _make_notify_socket(self, undo: Undo) -> None:
        """The folder that the container sees; who starts it (we, unless it waits) listens there."""
        from .notify import NotifySocket, make_notify_folder

        make_notify_folder(self.directory.path)
        if not self.waits:
            self.notify = NotifySocket(self.directory.path, self.options.notify_socket)
            undo.add(self.notify.close)

    def select_manager(self) -> CgroupManager:
        """Who handles the container's cgroups."""
        settings = self.settings
        return select_manager(
            settings.layout,
            cgroups_path=self.config.get("linux", {}).get("cgroupsPath", ""),
            container_id=self.directory.identifier,
            rootless=tolerates_no_cgroups(settings),
            systemd=settings.systemd_cgroup,
            annotations=self.config.get("annotations"),
        )

    def plan(self, manager: CgroupManager) -> Plan:
        """The kernel operations that make the container."""
        options = self.options
        if not self.state.created:
            self.state = self._first_state(manager)
        return plan_create(
            CreateRequest(
                self.config,
                options.bundle,
                self.rootfs,
                manager,
                self.state,
                self.directory.file(FIFO) if self.waits else "",
                options.console_socket,
                options.console_descriptor,
                options.activated + options.preserve_fds,
                options.no_pivot,
                options.no_new_keyring,
            )
        )

    def _first_state(self, manager: CgroupManager) -> ContainerState:
        """What the state file says before there is a process: enough to remove all that will be made."""
        config = self.config
        annotations = config.get("annotations")
        return ContainerState(
            id=self.directory.identifier,
            boot=boot_id(),
            bundle=self.options.bundle,
            rootfs=self.rootfs,
            created=precise_timestamp(),
            version=config.get("ociVersion", ""),
            annotations=encode_json(annotations) if annotations else "",
            cgroup_version=manager.version,
            cgroups=tuple(manager.paths().items()),
            hooks=kept_hooks(config),
            systemd_unit=manager.unit,
            resctrl=resctrl_group(config, self.directory.identifier),
            rootless=tolerates_no_cgroups(self.settings),
            shared_pids=shares_pids(config),
            no_new_keyring=self.options.no_new_keyring,
        )

    @property
    def rootfs(self) -> str:
        """The absolute path of the root file system."""
        path = self.config.get("root", {}).get("path", "")
        return path if path.startswith("/") else f"{self.options.bundle}/{path}"

    def take_network(self) -> int:
        """A descriptor of an unused network namespace for a plan that wants a new one, ours to close; -1 for none."""
        return -1

    def _start_core(self) -> None:
        """Now already: it starts while the plan is made."""
        options = self.options
        inherited = (options.console_descriptor,) if options.console_descriptor >= 0 else ()
        network = self.take_network()
        try:
            self.start_core(
                stdio=options.stdio,
                inherited=inherited,
                lock=self._lock,
                namespaces=early_namespaces(self.config),
                network=network,
                starter=options.starter,
                stop=options.stop,
            )
        finally:
            if network >= 0:
                posix.close(network)

    def _launch(self, manager: CgroupManager) -> None:
        self._manager = manager
        self._launched = self.launch(self.plan(manager), self.directory.identifier)

    def identified(self, pid: int, start_time: int) -> None:
        if joins_time(self.config):  # the launcher has joined it too, and reads start times by its clock
            found = process_stat(pid)
            start_time = found[1] if found else 0
        self.state = self.state.replace(pid=pid, start_time=start_time)

    def passes_created(self) -> bool:
        return self._manager.adopter is None and not self.config.get("linux", {}).get("netDevices")

    def barrier(self, name: str) -> None:
        if name == "created":
            self.directory.write(self.state)
            self._adopt()
            self._move_network_devices()
        elif name == "hooks":
            for kind in ("prestart", "createRuntime"):
                run_hooks(self.config, kind, self.state, CREATING, self.state.pid, stop=self.options.stop)

    def _adopt(self) -> None:
        adopter = self._manager.adopter
        if adopter is not None:
            linux = self.config.get("linux", {})
            adopter.adopt(self.state.pid, linux.get("resources"), devices=linux.get("devices", ()))

    def _move_network_devices(self) -> None:
        devices = self.config.get("linux", {}).get("netDevices")
        if devices:
            from ..netdevices.move import move_devices

            self._moved = move_devices(self.state.pid, devices)
            self._undo.add(self._moved.put_back)

    def oom_killed(self) -> bool:
        return self._manager.oom_kill_count() > 0

    def _kill(self) -> None:
        if self._launched is not None:
            self._launched.kill()
        if self.state.shared_pids:
            self._manager.kill(SIGKILL)

    def _run_poststop(self) -> None:
        run_hooks_tolerantly(self.config, "poststop", self.state, STOPPED, self.settings.log)

    def _tell_caller(self) -> None:
        if self.options.pidfd_socket:
            send_pidfd(self.options.pidfd_socket, self.state.pid)
        if self.options.pid_file:
            write_pid_file(self.options.pid_file, self.state.pid)
