"""RUN: from the step to what the runner is asked for; secrets, agents and cache folders are put in here."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.building.execute.cache_folders import SHARINGS, id_of, sharing_of
from tiffin.image.building.execute.mount_fields import mode_of, owner_of, size_of
from tiffin.image.building.execute.network_files import network_files
from tiffin.image.building.execute.run.request import (
    AgentMount,
    FolderMount,
    RunRequest,
    TmpfsMount,
    TreeMount,
    file_mount,
)
from tiffin.image.building.trees import source_of
from tiffin.image.errors import NotFound, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.image.building.execute.cache_folders import CacheFolders, Pause
    from tiffin.image.building.execute.mounting import Tree
    from tiffin.image.building.execute.run.request import FileMount
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.building.stages.steps import RunMount, RunStep
    from tiffin.image.building.trees import Trees

    Mount = FileMount | TreeMount | FolderMount | AgentMount | TmpfsMount

SECRET_MODE = 0o400
AGENT_MODE = 0o600
AGENT = "/run/buildkit/ssh_agent."  # where programs that know BuildKit expect it


class RunRequests:
    """Makes requests for one stage.

    Args:
        folders: of `--mount=type=cache`. trees: where other mounts come from.
        pause: waits a moment for another command, and raises to give up.
    """

    def __init__(self, options: BuildOptions, folders: CacheFolders, trees: Trees, pause: Pause) -> None:
        self._options = options
        self._folders = folders
        self._trees = trees
        self._pause = pause

    def make(self, step: RunStep, tree: Tree, tell: Callable[[str], None], stack: ExitStack) -> RunRequest:
        """The request for a step.

        Args:
            tree: what the command writes to. tell: hears what is waited for.
            stack: holds what has to stay until the command has ended.

        Raises:
            Problem, NotFound: a mount cannot be made. Unsupported: `--security=insecure` is not allowed.
        """
        if step.security == "insecure" and not self._options.insecure:
            raise Unsupported("RUN --security=insecure is only done if the build is told to allow it")
        env = [*step.env, *step.hidden_env]
        mounts: list[Mount] = [*network_files(self._options.hosts)]
        if step.script:
            mounts.append(file_mount(step.args[0], step.script.encode(), 0o755))
        wanted = [*self._prepared(step, env), *self._cache_folders(step, tell, stack)]
        mounts += sorted(wanted, key=_target)
        network = "none" if step.network == "none" else "host"
        insecure = step.security == "insecure"
        return RunRequest(
            tree, step.args, tuple(env), step.user, step.folder, tuple(mounts), network, insecure
        )

    def _prepared(self, step: RunStep, env: list[str]) -> list[Mount]:
        """All but cache folders; what they need in the environment is added to `env`."""
        mounts: list[Mount] = []
        agents = 0
        for mount in step.mounts:
            if mount.type == "secret":
                self._add_secret(mount, mounts, env)
            elif mount.type == "ssh":
                agents += self._add_agent(mount, agents, mounts, env)
            elif mount.type == "tmpfs":
                mounts.append(TmpfsMount(mount.get("target"), size_of(mount)))
            elif mount.type == "bind":
                mounts.append(self._tree(mount))
        return mounts

    def _cache_folders(
        self, step: RunStep, tell: Callable[[str], None], stack: ExitStack
    ) -> Iterator[FolderMount]:
        """Cache folders, each locked once, however often it is mounted.

        All commands lock theirs in one order, whatever the Dockerfile's: no two wait for each other.
        """
        found: dict[str, str] = {}
        for mount in sorted((one for one in step.mounts if one.type == "cache"), key=_order):
            name = id_of(mount)
            if name not in found:
                pause = self._telling(f"waiting for the cache folder {name!r}: another command has it", tell)
                found[name] = stack.enter_context(self._folders.opened(mount, self._trees, pause))
            yield FolderMount(mount.get("target"), found[name], mount.switch("readonly"))

    def _telling(self, text: str, tell: Callable[[str], None]) -> Pause:
        """The pause, which tells once what is waited for."""
        untold = [text]

        def pause() -> None:
            while untold:
                tell(untold.pop())
            self._pause()

        return pause

    def _tree(self, mount: RunMount) -> TreeMount:
        if mount.origin is None:
            raise AssertionError("a bind mount has an origin")
        with self._trees.opened(mount.origin) as tree:
            item = source_of(tree, mount).item
            hidden = tuple(tree.hidden(item.path)) if item.is_directory else ()
        tree_below = self._trees.mountable(mount.origin)
        return TreeMount(mount.get("target"), tree_below, item.path, hidden, mount.switch("readwrite"))

    def _add_secret(self, mount: RunMount, mounts: list[Mount], env: list[str]) -> None:
        name = mount.get("id") or os.path.basename(mount.get("target"))
        secret = self._options.secrets.get(name)
        if secret is None:
            if mount.switch("required"):
                raise NotFound(
                    f"the secret {name!r} is required, and was not given (--secret id={name},src=FILE)"
                )
            return
        content = secret.read(name)
        if mount.get("env"):
            env.append(f"{mount.get('env')}={os.fsdecode(content)}")
        if mount.get("target") or not mount.get("env"):
            target = mount.get("target") or f"/run/secrets/{name}"
            mounts.append(file_mount(target, content, mode_of(mount, SECRET_MODE), *owner_of(mount)))

    def _add_agent(self, mount: RunMount, number: int, mounts: list[Mount], env: list[str]) -> int:
        """How many agents were added: one, or none."""
        name = mount.get("id") or "default"
        path = self._options.ssh.get(name, "")
        if not path:
            if mount.switch("required"):
                raise NotFound(f"the SSH agent {name!r} is required, and was not given (--ssh {name})")
            return 0
        target = mount.get("target") or f"{AGENT}{number}"
        mounts.append(_agent(mount, target, os.path.realpath(path)))
        if number == 0:
            env.append(f"SSH_AUTH_SOCK={target}")
        return 1


def _agent(mount: RunMount, target: str, path: str) -> FolderMount | AgentMount:
    """The socket of an agent: that of the host itself, unless the step says whom it belongs to."""
    if any(mount.get(name) for name in ("mode", "uid", "gid")):
        return AgentMount(target, path, mode_of(mount, AGENT_MODE), *owner_of(mount))
    # read-only: a command may talk to the agent, but not change the mode or the owner of the host's socket
    return FolderMount(target, path, readonly=True)


def _order(mount: RunMount) -> tuple[str, int]:
    """By id; of those with the same one, first what asks for most: that has the folder for itself."""
    return id_of(mount), -SHARINGS.index(sharing_of(mount))


def _target(mount: Mount) -> str:
    """A folder comes before what is in it."""
    return mount.target
