"""What a program that runs the same config again and again need not do again: decoding, validation, most of the plan.

A config is known by its bytes, so that a tree which was changed since is another config. What is kept is ours alone.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from .plan_pattern import PlanPattern

if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

KEPT = 32
"""Configs that are remembered; of more, those that were used last."""

Key = tuple[bytes, str, int]


class KnownConfig:
    """One config that has been validated.

    tree: nobody may change it. pattern: of its plan for `run`, once there is one.
    """

    def __init__(self, tree: ConfigTree) -> None:
        self.tree = tree
        self.pattern: PlanPattern | None = None
        self.repeatable = is_repeatable(tree)


class KnownConfigs:
    """The configs that a `Runtime` has validated. May be used by several threads."""

    def __init__(self) -> None:
        self._configs: OrderedDict[Key, KnownConfig] = OrderedDict()
        self._lock = Lock()

    def find(self, data: bytes, bundle: str, make: Callable[[], ConfigTree]) -> KnownConfig:
        """The config with these bytes in this bundle.

        Args:
            data: config.json.
            make: decodes and validates it, if it is a new one; what it raises goes on.
        """
        key = (data, bundle, os.geteuid())  # a plan depends on whether root makes it
        with self._lock:
            known = self._configs.get(key)
            if known is not None:
                self._configs.move_to_end(key)
                return known
        known = KnownConfig(make())
        with self._lock:
            self._configs[key] = known
            while len(self._configs) > KEPT:
                self._configs.popitem(last=False)
        return known


def is_repeatable(config: Any) -> bool:
    """Whether containers of this config differ in their cgroups and their keyring's name only.

    Not where somebody is told of the container (hooks, a seccomp listener), where it has groups of resctrl, or a
    terminal.
    """
    linux = config.get("linux", {})
    told = config.get("hooks") or linux.get("seccomp", {}).get("listenerPath")
    return not (told or linux.get("intelRdt") or config.get("process", {}).get("terminal"))
