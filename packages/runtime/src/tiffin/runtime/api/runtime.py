"""`Runtime`: makes and finds containers, from a program that is up already.

Nothing is executed on the way to a container but the sealed core, which is copied once for each `Runtime`.
A `Runtime` and its containers may be used by several threads.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cgroup.layout import detect_layout, with_roots
from ..launch.core import sealed_core
from ..lifecycle.create import CreateOptions
from ..lifecycle.loaded import LoadedContainer
from ..lifecycle.run import make_and_start
from ..lifecycle.settings import Settings, absolute_root, tolerates_no_cgroups
from ..lifecycle.undo import Undo
from ..state.directory import identifiers
from .container import Container
from .creation import WarmCreation
from .known_configs import KnownConfigs
from .pipes import INHERIT, PIPE, Stream, pipes_for
from .process import Process, Result
from .spare_network import SpareNetwork

if TYPE_CHECKING:
    from typing import Self

    from tiffin.spec.runtime.config import Config

    ConfigLike = Config | Mapping[str, Any]
    AnyPath = str | os.PathLike[str]

__all__ = ["INHERIT", "PIPE", "Runtime"]


class Runtime:
    """The executor.

    Args:
        root: directory of the state of all containers; None for the same as the command's.
        systemd_cgroup: let systemd make the cgroups.
        rootless: tolerate that cgroups may not be made: "true", "false" or "auto".
        log: who hears warnings.
        trace: a file that gets the duration of every operation, as JSON lines.

    Raises:
        InvalidArgument: root is `/`. Unsupported: the native core is not installed.
    """

    def __init__(
        self,
        root: AnyPath | None = None,
        *,
        systemd_cgroup: bool = False,
        rootless: str = "auto",
        log: logging.Logger | None = None,
        trace: AnyPath | None = None,
    ) -> None:
        log = log or logging.getLogger("tiffin.runtime")
        self._settings = Settings(
            root=absolute_root(os.fspath(root) if root is not None else ""),
            log=log,
            systemd_cgroup=systemd_cgroup,
            rootless="true" if tolerates_no_cgroups(Settings("", log, rootless=rootless)) else "false",
            trace=os.path.abspath(trace) if trace is not None else "",
            core=sealed_core(),
            layout=with_roots(detect_layout()),
        )
        self._known = KnownConfigs()
        self._spare = SpareNetwork()

    @property
    def root(self) -> Path:
        """The directory of the state."""
        return Path(self._settings.root)

    def close(self) -> None:
        """Lets go of the core, and of what was made ahead; containers go on."""
        self._spare.close()
        if self._settings.core >= 0:
            os.close(self._settings.core)
            self._settings = self._settings.replace(core=-1)

    def settle(self) -> None:
        """Waits until nothing is made ahead any more: for who counts threads or descriptors."""
        self._spare.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create(
        self,
        identifier: str,
        config: ConfigLike | None = None,
        *,
        bundle: AnyPath = ".",
        stdin: Stream = INHERIT,
        stdout: Stream = INHERIT,
        stderr: Stream = INHERIT,
        console_socket: AnyPath | None = None,
        pid_file: AnyPath | None = None,
        no_pivot: bool = False,
        no_new_keyring: bool = False,
    ) -> Container:
        """Makes a container, whose process waits for `Container.start`.

        Args:
            identifier: its name below the root: letters, digits and `_+-.`.
            config: a tree or a `tiffin.spec` Config; None reads the bundle's config.json.
            bundle: the directory that relative paths in the config start from.
            stdin, stdout, stderr: INHERIT (this program's own), DEVNULL, PIPE, a descriptor, or a file.
            console_socket: a unix socket that gets the master of the terminal, if the config wants one.

        Raises:
            InvalidArgument, NotFound: the config or the bundle cannot be used.
            AlreadyExists: the identifier is in use.
            OperationFailed, Unsupported: a step failed; nothing of the container is left.
        """
        with pipes_for(stdin, stdout, stderr) as pipes:
            options = CreateOptions(
                bundle=os.path.abspath(bundle),
                console_socket=os.path.abspath(console_socket) if console_socket is not None else "",
                pid_file=os.path.abspath(pid_file) if pid_file is not None else "",
                no_pivot=no_pivot,
                no_new_keyring=no_new_keyring,
                stdio=pipes.theirs,
            )
            creation = WarmCreation(self._settings, identifier, options, self._known, self._spare, waits=True)
            creation.load(config_tree(config))
            creation.check_terminal(detached=True)
            with Undo("create") as undo:
                creation.make(undo)
                undo.forget()
            self._spare.replenish()
            return Container(self._settings, identifier, Process(creation.state.pid, pipes.keep()))

    def run(
        self,
        config: ConfigLike | None = None,
        *,
        identifier: str | None = None,
        bundle: AnyPath = ".",
        input: bytes = b"",  # noqa: A002  # subprocess's own name for it
        capture: bool = True,
        timeout: float | None = None,
    ) -> Result:
        """Runs a container to its end, and deletes it.

        Args:
            config, bundle: as for `create`.
            identifier: None makes one up.
            input: what the process reads from its stdin.
            capture: return what it writes; else it writes to this program's stdout and stderr.
            timeout: seconds that the process may run; None: for ever.

        Raises:
            TimedOut: it was killed, and deleted. Else as `create`.
        """
        name = identifier or f"tiffin-{uuid.uuid4().hex}"
        output = PIPE if capture else INHERIT
        with pipes_for(PIPE, output, output) as pipes:
            options = CreateOptions(bundle=os.path.abspath(bundle), stdio=pipes.theirs)
            creation = WarmCreation(self._settings, name, options, self._known, self._spare, waits=False)
            creation.load(config_tree(config))
            creation.check_terminal(detached=True)
            with Undo("run") as undo:
                make_and_start(creation, undo)
                undo.forget()
            container = Container(self._settings, name, Process(creation.state.pid, pipes.keep()))
        try:
            return container.process.communicate(input, timeout=timeout)
        finally:
            container.delete_ended(creation.state)
            self._spare.replenish()

    def container(self, identifier: str) -> Container:
        """A container that exists, whoever made it.

        Raises:
            NotFound: there is none.
        """
        LoadedContainer(self._settings.root, identifier)
        return Container(self._settings, identifier, None)

    def containers(self) -> list[Container]:
        """All containers below the root, half-made ones too, by their identifiers."""
        return [Container(self._settings, name, None) for name in identifiers(self._settings.root)]


def config_tree(config: ConfigLike | None) -> Any:
    """The tree of a config, however it is given; None stays None."""
    if config is None:
        return None
    if isinstance(config, Mapping):
        return dict(config)
    from tiffin.spec.model import to_tree

    return to_tree(config)
