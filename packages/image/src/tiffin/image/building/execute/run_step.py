"""RUN: from the step to what the runner is asked for; secrets, agents and cache folders are put in here."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.run.request import (
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
    from tiffin.image.building.execute.cache_folders import CacheFolders
    from tiffin.image.building.execute.mounting import Tree
    from tiffin.image.building.execute.run.request import FileMount
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.building.stages.steps import RunMount, RunStep
    from tiffin.image.building.trees import Trees

    Mount = FileMount | TreeMount | FolderMount | TmpfsMount

RESOLVER = "/etc/resolv.conf"
HOSTS = "127.0.0.1 localhost build\n::1 localhost ip6-localhost ip6-loopback\n"
AGENT = "/run/buildkit/ssh_agent."  # where programs that know BuildKit expect it


class RunRequests:
    """Makes requests for one stage.

    Args:
        folders: of `--mount=type=cache`. trees: where other mounts come from.
    """

    def __init__(self, options: BuildOptions, folders: CacheFolders, trees: Trees) -> None:
        self._options = options
        self._folders = folders
        self._trees = trees

    def make(self, step: RunStep, tree: Tree, stack: ExitStack) -> RunRequest:
        """The request for a step. `stack` holds what has to stay until the command has ended.

        Raises:
            Problem, NotFound: a mount cannot be made. Unsupported: `--security=insecure` is not allowed.
        """
        if step.security == "insecure" and not self._options.insecure:
            raise Unsupported("RUN --security=insecure is only done if the build is told to allow it")
        env = [*step.env, *step.hidden_env]
        mounts: list[Mount] = [*_network_files(self._options.hosts)]
        if step.script:
            mounts.append(file_mount(step.args[0], step.script.encode(), 0o755))
        agents = 0
        for mount in sorted(step.mounts, key=_order):
            if mount.type == "secret":
                self._add_secret(mount, mounts, env)
            elif mount.type == "ssh":
                agents += self._add_agent(mount, agents, mounts, env)
            else:
                mounts.append(self._folder(mount, stack))
        network = "none" if step.network == "none" else "host"
        return RunRequest(
            tree,
            step.args,
            tuple(env),
            step.user,
            step.folder,
            tuple(mounts),
            network,
            step.security == "insecure",
        )

    def _folder(self, mount: RunMount, stack: ExitStack) -> Mount:
        target = mount.get("target")
        if mount.type == "tmpfs":
            return TmpfsMount(target, mount.get("size"))
        if mount.type == "cache":
            readonly = mount.switch("readonly")
            return FolderMount(
                target, stack.enter_context(self._folders.opened(mount, self._trees)), readonly
            )
        if mount.origin is None:
            raise AssertionError("a bind mount has an origin")
        with self._trees.opened(mount.origin) as tree:
            item = source_of(tree, mount).item
            hidden = tuple(tree.hidden(item.path)) if item.is_directory else ()
        writable = mount.switch("readwrite")
        return TreeMount(target, self._trees.mountable(mount.origin), item.path, hidden, writable)

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
            mode = int(mount.get("mode", "0400"), 8)
            mounts.append(file_mount(target, content, mode, *_ids(mount)))

    def _add_agent(self, mount: RunMount, number: int, mounts: list[Mount], env: list[str]) -> int:
        """How many agents were added: one, or none."""
        name = mount.get("id") or "default"
        path = self._options.ssh.get(name, "")
        if not path:
            if mount.switch("required"):
                raise NotFound(f"the SSH agent {name!r} is required, and was not given (--ssh {name})")
            return 0
        target = mount.get("target") or f"{AGENT}{number}"
        mounts.append(FolderMount(target, os.path.realpath(path)))
        if number == 0:
            env.append(f"SSH_AUTH_SOCK={target}")
        return 1


def _order(mount: RunMount) -> tuple[bool, str]:
    """Cache folders are locked in one order, whatever the Dockerfile's: no two builds wait for each other."""
    return mount.type == "cache", (mount.get("id") or mount.get("target")) if mount.type == "cache" else ""


def _ids(mount: RunMount) -> tuple[int, int]:
    try:
        return int(mount.get("uid", "0")), int(mount.get("gid", "0"))
    except ValueError:
        raise Problem(f"--mount: uid and gid must be numbers, not {mount.get('uid')!r}") from None


def _network_files(hosts: tuple[str, ...]) -> list[FileMount]:
    """resolv.conf of the host, for its network is used; and a file of hosts."""
    try:
        with open(RESOLVER, "rb") as file:
            resolver = file.read()
    except FileNotFoundError:
        resolver = b""
    lines = HOSTS + "".join(f"{line}\n" for line in hosts)
    return [file_mount(RESOLVER, resolver), file_mount("/etc/hosts", lines.encode())]
