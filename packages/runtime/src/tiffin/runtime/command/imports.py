"""What a module imports as soon as it is loaded, read from its source; imports inside of functions do not count."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def imports_of(name: str, tree: ast.Module, *, is_package: bool) -> Iterator[str]:
    """Modules by their whole names, and names from them, which may be modules too: `a.b`, `a.b.name`.

    Args:
        name: of the module.
    """
    package = name.split(".") if is_package else name.split(".")[:-1]
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            base = package[: len(package) - statement.level + 1] if statement.level else []
            whole = ".".join([*base, *([statement.module] if statement.module else [])])
            yield whole
            yield from (f"{whole}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
