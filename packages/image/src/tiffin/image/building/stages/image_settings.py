"""`ImageSettings`: the config of the image that is built, as the instructions of a stage change it."""

from __future__ import annotations

import copy
import posixpath

from tiffin.image.building.dockerfile.error import Problem

from .values import check_signal, ports_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tiffin.image.building.dockerfile.instructions import Command, Healthcheck
    from tiffin.image.documents import Platform

DEFAULT_SHELL = ("/bin/sh", "-c")
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KEPT = ("author", "architecture", "variant", "os", "os.version", "os.features", "config")
TIMES = (
    ("interval", "Interval"),
    ("timeout", "Timeout"),
    ("start_period", "StartPeriod"),
    ("start_interval", "StartInterval"),
    ("retries", "Retries"),
)


class ImageSettings:
    """Args: tree: the config of the base, which is not changed; of it, what an image based on it has too.

    A base without PATH gets the usual one, as BuildKit does it: RUN looks for its program there.
    """

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree: dict[str, Any] = copy.deepcopy({name: tree[name] for name in KEPT if name in tree})
        self.config: dict[str, Any] = self.tree.get("config") or {}
        self.tree["config"] = self.config
        variables = self.config.get("Env") or []
        if not any(entry.startswith("PATH=") for entry in variables):
            self.config["Env"] = [*variables, DEFAULT_PATH]
        self._has_cmd = False

    @classmethod
    def empty(cls, platform: Platform) -> ImageSettings:
        """Of FROM scratch."""
        tree: dict[str, Any] = {"architecture": platform.architecture, "os": platform.os}
        if platform.variant:
            tree["variant"] = platform.variant
        return cls({**tree, "config": {"WorkingDir": "/"}})

    @property
    def shell(self) -> tuple[str, ...]:
        """What runs commands in the shell form."""
        return tuple(self.config.get("Shell") or DEFAULT_SHELL)

    @property
    def folder(self) -> str:
        """The working directory, absolute."""
        return posixpath.join("/", self.config.get("WorkingDir") or "/")

    @property
    def user(self) -> str:
        """The user of RUN."""
        return str(self.config.get("User") or "")

    def words(self, command: Command) -> list[str]:
        """A command with its shell."""
        return [*self.shell, *command.words] if command.shell else list(command.words)

    def set_env(self, pairs: Iterable[tuple[str, str]]) -> None:
        """ENV; a variable that is there keeps its place."""
        variables = dict(entry.partition("=")[::2] for entry in self.config.get("Env") or ())
        variables.update(pairs)
        self.config["Env"] = [f"{name}={value}" for name, value in variables.items()]

    def set_labels(self, pairs: Iterable[tuple[str, str]]) -> None:
        """LABEL."""
        self.config["Labels"] = {**(self.config.get("Labels") or {}), **dict(pairs)}

    def set_folder(self, path: str) -> str:
        """WORKDIR; a relative one starts at the last. Returns it."""
        if not path:
            raise Problem("WORKDIR: the path is empty")
        self.config["WorkingDir"] = posixpath.normpath(posixpath.join(self.folder, path)).replace("//", "/")
        return self.folder

    def set_user(self, user: str) -> None:
        """USER."""
        self.config["User"] = user

    def add_volumes(self, paths: Iterable[str]) -> None:
        """VOLUME."""
        for path in paths:
            if not path.strip():
                raise Problem("VOLUME: a path is empty")
            self.config["Volumes"] = {**(self.config.get("Volumes") or {}), path: {}}

    def expose(self, ports: Iterable[str]) -> None:
        """EXPOSE."""
        found: dict[str, Any] = {name: {} for port in ports for name in ports_of(port)}
        self.config["ExposedPorts"] = {**(self.config.get("ExposedPorts") or {}), **found}

    def set_stop_signal(self, name: str) -> None:
        """STOPSIGNAL."""
        check_signal(name)
        self.config["StopSignal"] = name

    def set_cmd(self, command: Command) -> None:
        """CMD."""
        self._set_words("Cmd", command)
        self._has_cmd = True

    def set_entrypoint(self, command: Command) -> None:
        """ENTRYPOINT; a CMD that comes from the base does not go with it."""
        self._set_words("Entrypoint", command)
        if not self._has_cmd:
            self.config.pop("Cmd", None)

    def _set_words(self, name: str, command: Command) -> None:
        self.config[name] = self.words(command)
        if not command.words:  # `CMD []` takes the base's away
            del self.config[name]

    def set_shell(self, words: tuple[str, ...]) -> None:
        """SHELL."""
        self.config["Shell"] = list(words)

    def set_healthcheck(self, check: Healthcheck) -> None:
        """HEALTHCHECK."""
        if check.command is None:
            self.config["Healthcheck"] = {"Test": ["NONE"]}
            return
        kind = "CMD-SHELL" if check.command.shell else "CMD"
        test: dict[str, Any] = {"Test": [kind, *check.command.words]}
        test |= {name: value for field, name in TIMES if (value := getattr(check, field))}
        self.config["Healthcheck"] = test

    def add_trigger(self, trigger: str) -> None:
        """ONBUILD."""
        self.config["OnBuild"] = [*(self.config.get("OnBuild") or ()), trigger]

    def take_triggers(self) -> list[str]:
        """The triggers of the base, which the image that is built does not have."""
        return list(self.config.pop("OnBuild", None) or ())

    def set_author(self, name: str) -> None:
        """MAINTAINER."""
        self.tree["author"] = name
