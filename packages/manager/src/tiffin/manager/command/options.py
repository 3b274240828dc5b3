"""The options of the daemon: the one table of them, and `quickly`, which reads them without click.

click is imported for verbs, help and mistakes. A daemon that serves for months would keep 1.3 MB of it for nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# name, short form, what the value is called, what it says; the order is that of the help
OPTIONS = (
    ("config", "-c", "FILE", "Settings; /etc/tiffind/config.toml if it is there."),
    ("address", "-a", "SOCKET", "Path of the unix socket: grpc.address."),
    ("root", "", "DIR", "Where images and snapshots are kept: root."),
    ("state", "", "DIR", "Where what is gone after a boot is kept: state."),
    ("log-level", "-l", "LEVEL", "What is logged: debug.level."),
)
_NAMES = {word: name for name, short, _, _ in OPTIONS for word in (f"--{name}", short) if word}


def quickly(words: Sequence[str]) -> dict[str, str] | None:
    """The options, if `words` are such options and nothing else; None: click must look at them."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in _NAMES or (equals and not name.startswith("--")):
            return None
        given = value if equals else next(rest, None)
        if given is None or (not equals and given.startswith("-")):
            return None
        found[_NAMES[name]] = given
    return found


class Settings:
    """Where settings come from. options: by their names."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._file = options.get("config", "")
        self.overrides = overrides(options)

    def load(self) -> Any:
        """The settings, read now. Raises InvalidConfig."""
        from tiffin.manager.config.loading import load

        return load(self._file, overrides=self.overrides)


def overrides(options: Mapping[str, str]) -> dict[str, Any]:
    """What the options say, as a file would. Paths are from the working directory."""
    from os.path import abspath

    tree: dict[str, Any] = {key: abspath(options[key]) for key in ("root", "state") if options.get(key)}
    if options.get("address"):
        tree["grpc"] = {"address": abspath(options["address"].removeprefix("unix://"))}
    if options.get("log-level"):
        tree["debug"] = {"level": options["log-level"]}
    return tree
