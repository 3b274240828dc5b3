"""ARG and ENV: which variables there are at each place of a Dockerfile.

Source: docs.docker.com/reference/dockerfile, "ARG", "Scope", "Predefined ARGs", "Automatic platform ARGs".
"""

from __future__ import annotations

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.expand import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiffin.image.building.dockerfile.instructions import Arg
    from tiffin.image.documents import Platform

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PROXY_ARGS = frozenset((*PROXIES, *(name.lower() for name in PROXIES)))


def platform_args(target: Platform, build: Platform, stage: str) -> dict[str, str]:
    """TARGETPLATFORM and its like. stage: the one that is built."""
    found = {"TARGETSTAGE": stage or "default"}
    for prefix, platform in (("TARGET", target), ("BUILD", build)):
        parts = (platform.os, platform.architecture, platform.variant)
        found[f"{prefix}PLATFORM"] = "/".join(part for part in parts if part)
        found[f"{prefix}OS"], found[f"{prefix}ARCH"], found[f"{prefix}VARIANT"] = parts
    return found


class GlobalArgs:
    """What stands before the first FROM, and what is predefined.

    Args:
        given: `--build-arg`. used: notes the names of those that count.
    """

    def __init__(self, given: Mapping[str, str], predefined: Mapping[str, str], escape: str) -> None:
        self.given = given
        self.escape = escape
        self.predefined = dict(predefined)
        self.declared: dict[str, str] = {}
        self.used: set[str] = set()

    def declare(self, arg: Arg) -> None:
        """An ARG before the first FROM. Raises Problem."""
        for name, default in arg.pairs:
            value = self.given.get(name)
            if value is not None:
                self.used.add(name)
            elif default is not None:
                value = self.expand(default)
            if value is not None:
                self.declared[name] = value

    @property
    def values(self) -> dict[str, str]:
        """What FROM sees."""
        overridden = {name: self.given[name] for name in self.predefined if name in self.given}
        return {**self.predefined, **overridden, **self.declared}

    def expand(self, word: str) -> str:
        """A word with variables put in. Raises Problem."""
        return expand(word, self.values, self.escape)


class StageVariables:
    """The variables of one stage, which ARG and ENV add to.

    Args:
        args: of the stage that this one starts from. env: of its base, as an image's config has it.
    """

    def __init__(self, outer: GlobalArgs, args: Mapping[str, str], env: Iterable[str]) -> None:
        self._outer = outer
        self.args = dict(args)
        self.env = dict(pair.partition("=")[::2] for pair in env)

    @property
    def values(self) -> dict[str, str]:
        """What is set: a variable of ENV hides an ARG of the same name."""
        return {**self.args, **self.env}

    def expand(self, word: str) -> str:
        """A word with variables put in. Raises Problem."""
        return expand(word, self.values, self._outer.escape)

    def declare(self, arg: Arg) -> str:
        """An ARG in the stage: `--build-arg`, else its default, else the global one. Returns it with the values."""
        shown = []
        for name, default in arg.pairs:
            value = self._value(name, default)
            if value is not None:
                self.args[name] = value
            shown.append(name if value is None else f"{name}={value}")
        return " ".join(shown)

    def _value(self, name: str, default: str | None) -> str | None:
        if name in self._outer.given:
            self._outer.used.add(name)
            return self._outer.given[name]
        if default is not None:
            return self.expand(default)
        return self._outer.values.get(name)

    def set(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """ENV: the pairs, expanded with what was set before all of them. Raises Problem."""
        expanded = [(self.expand(name), self.expand(value)) for name, value in pairs]
        for name, _ in expanded:
            if not name:
                raise Problem("ENV: the name of a variable is empty")
        self.env.update(expanded)
        return expanded

    @property
    def visible_args(self) -> list[str]:
        """Those of ARG that RUN gets in its environment, name=value."""
        return [f"{name}={value}" for name, value in self.args.items() if name not in self.env]

    @property
    def proxies(self) -> list[str]:
        """Predefined ARGs that are given: RUN gets them, but no key depends on them unless they are declared.

        Programs look for one of `HTTP_PROXY` and `http_proxy`: both are set where only one is given, as in BuildKit.
        """
        names = sorted(PROXY_ARGS & self._outer.given.keys())
        self._outer.used.update(names)
        found = {name: self._outer.given[name] for name in names}
        for name in names:
            found.setdefault(name.swapcase(), found[name])
        known = self.values
        return [f"{name}={value}" for name, value in sorted(found.items()) if name not in known]
