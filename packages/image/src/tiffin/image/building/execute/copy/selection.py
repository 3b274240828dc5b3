"""What of a COPY or an ADD comes out of a tree, and what from elsewhere; known without copying anything."""

from __future__ import annotations

from tiffin.image.building.context.ignore import Ignored
from tiffin.image.building.context.patterns import compiled
from tiffin.image.building.context.sources import find_sources
from tiffin.image.building.stages.git_address import SCHEMES, is_repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.context.sources import Source
    from tiffin.image.building.context.tree import Item, SourceTree
    from tiffin.image.building.stages.steps import CopyStep


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
    """Whether a source of ADD is an address, of a file or of a repository."""
    return step.add and (source.startswith(SCHEMES) or is_repository(source.partition("#")[0]))


def name_of(address: str) -> str:
    """The name of the file at an address; "" if it says none."""
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(address).path).rpartition("/")[2]
