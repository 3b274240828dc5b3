"""The boxes of the design, in the one order in which they may import: each only those before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ORDER = (
    "spec", "api", "ttrpc", "runtime", "image", "network", "shim",
    "manager", "cri", "engine", "dockershim", "vm", "tiffin",
)  # fmt: skip
# the last box has two import packages; every other one is called like its folder
IMPORTS = {**{name: (name,) for name in ORDER[:-1]}, "tiffin": ("cli", "sandbox")}
BOX_OF = {part: box for box, parts in IMPORTS.items() for part in parts}


@dataclass(frozen=True)
class Import:
    """One import of something below `tiffin`."""

    file: Path
    line: int
    box: str
    imports: str

    @property
    def allowed(self) -> bool:
        """A box may import itself and what stands before it; an unknown one never."""
        return self.imports in ORDER and ORDER.index(self.imports) <= ORDER.index(self.box)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: packages/{self.box} imports {self.imports}, which does not stand before it"


def _modules(tree: ast.AST, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of each imported module; `package` is the one that relative imports start from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            if module != "tiffin":
                yield node.lineno, module
            else:  # `from tiffin import spec` names the box only in what is imported
                yield from ((node.lineno, f"tiffin.{alias.name}") for alias in node.names)


def imports_of(file: Path, box: str) -> Iterator[Import]:
    """What a file of a box imports from `tiffin`, lazy imports and those for typing only included."""
    parts = file.parts
    package = list(parts[parts.index("src") + 1 : -1]) if "src" in parts else []
    for line, module in _modules(ast.parse(file.read_text(), str(file)), package):
        head, _, rest = module.partition(".")
        if head == "tiffin":
            part = rest.partition(".")[0]
            yield Import(file, line, box, BOX_OF.get(part, part or "tiffin"))


def all_imports(root: Path) -> Iterator[Import]:
    """Every such import of all packages' sources and tests."""
    for box in ORDER:
        for file in sorted((root / "packages" / box).rglob("*.py")):
            if "build" not in file.relative_to(root).parts:
                yield from imports_of(file, box)
