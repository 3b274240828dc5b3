"""All rules that look at more than one member's type, in the order in which they are checked."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.spec.runtime.validation.problem import Problem


def check_config(config: Any) -> list[Problem]:
    """The problems of a structurally checked config."""
    return []


def check_process(process: Any, path: str) -> list[Problem]:
    return []


def check_resources(resources: Any, path: str) -> list[Problem]:
    return []
