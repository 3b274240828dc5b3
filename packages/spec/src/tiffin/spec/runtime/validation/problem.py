"""`Problem`: one thing that is wrong with a config. A tuple, because an enum or dataclass costs milliseconds."""

from __future__ import annotations

from _collections import _tuplegetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Tree = dict[str, Any]
    """A JSON object whose members have the right type, if they are there and not None."""

ERROR = "error"
"""The container cannot be made as the config says, or it would be dangerous to."""
WARNING = "warning"
"""The config breaks a rule of the spec, but runc takes it, and so must we."""


class Problem(tuple):  # type: ignore[type-arg]  # five strings
    """Where (a JSON path such as linux.namespaces[2].type), what, the rule it breaks, where the spec says so."""

    __slots__ = ()

    def __new__(cls, path: str, message: str, rule: str, section: str, severity: str = ERROR) -> Problem:
        return tuple.__new__(cls, (path, message, rule, section, severity))

    path: str
    message: str
    rule: str
    section: str
    severity: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message} [{self.rule}; {self.section}]"

    def __repr__(self) -> str:
        return f"Problem{tuple.__repr__(self)}"


for _index, _name in enumerate(("path", "message", "rule", "section", "severity")):
    setattr(Problem, _name, _tuplegetter(_index, ""))
