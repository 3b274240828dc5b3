"""What of a COPY or an ADD comes out of a tree, and what from elsewhere; known without copying anything."""

from __future__ import annotations

from tiffin.image.building.context.ignore import Ignored
from tiffin.image.building.context.patterns import compiled
from tiffin.image.building.context.sources import find_sources
from tiffin.image.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.context.sources import Source
    from tiffin.image.building.context.tree import Item, SourceTree
    from tiffin.image.building.stages.steps import CopyStep

SCHEMES = ("http://", "https://")
GIT = ("git@", "git://", "ssh://")


def excluded_by(step: CopyStep) -> Ignored:
    """What `--exclude` leaves out."""
    return Ignored(compiled(text.removeprefix("!"), exception=text.startswith("!")) for text in step.exclude)


def sources_of(step: CopyStep, tree: SourceTree) -> list[Source]:
    """What is copied out of a tree. Raises NotFound, Problem."""
    local = [text for text in step.sources if not is_fetched(step, text)]
    return [source for text in local for source in find_sources(tree, text, deep=step.parents)]


def kept_above(source: Source, tree: SourceTree) -> list[tuple[str, Item]]:
    """The folders that a source is in and that `--parents` makes, the outermost first; with their paths there."""
    *above, _ = source.kept.split("/")
    start = source.path.removesuffix(source.kept)
    paths = ("/".join(above[:depth]) for depth in range(1, len(above) + 1))
    return [(path, found) for path in paths if (found := tree.find(start + path)) is not None]


def is_fetched(step: CopyStep, source: str) -> bool:
    """Whether a source of ADD is an address. Raises Unsupported: it is a git repository."""
    if not step.add:
        return False
    path = source.partition("#")[0].partition("?")[0]
    if source.startswith(GIT) or (source.startswith(SCHEMES) and path.endswith(".git")):
        raise Unsupported(
            f"ADD {source}: git repositories are not fetched; clone it, and give it as --build-context"
        )
    return source.startswith(SCHEMES)


def name_of(address: str) -> str:
    """The name of the file at an address; "" if it says none."""
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(address).path).rpartition("/")[2]
