"""`Trees`: where a step reads files from (a context, another stage, an image), as trees, and their digests.

Made for one stage, and used by its thread: trees of stages and images are mounted in that thread's mount namespace.
"""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.building.cache.keys import digest_of_tree
from tiffin.image.building.cache.records import BuiltLayer
from tiffin.image.building.context.contents import digest_of_item, digest_of_sources
from tiffin.image.building.context.sources import Source
from tiffin.image.building.context.tree import SourceTree
from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.copy.selection import (
    excluded_by,
    is_fetched,
    kept_above,
    name_of,
    sources_of,
)
from tiffin.image.building.execute.mounting import Tree, mounted
from tiffin.image.building.layers import chain_of
from tiffin.image.building.stages.git_address import git_address
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tiffin.image.building.bases import Bases
    from tiffin.image.building.cache.results import Results
    from tiffin.image.building.context.ignore import Ignored
    from tiffin.image.building.execute.copy.downloads import Downloads
    from tiffin.image.building.execute.space import Space
    from tiffin.image.building.layers import Layers
    from tiffin.image.building.stages.steps import CopyStep, Origin, RunMount
    from tiffin.image.documents import Platform
    from tiffin.image.store.store import Store

    LayersOf = Callable[[int], tuple[BuiltLayer, ...]]


class ContextFolder(Record):
    """A context. ignored: what of it is not seen."""

    path: str
    ignored: Ignored


class Trees:
    """Args: contexts: folders by name, "" for the main one. layers_of: the layers of a stage, once it is there.

    space: where trees are mounted.
    """

    def __init__(
        self,
        store: Store,
        cache: Results,
        layers: Layers,
        bases: Bases,
        contexts: Mapping[str, ContextFolder],
        platform: Platform,
        layers_of: LayersOf,
        space: Space,
        downloads: Downloads,
    ) -> None:
        self._store = store
        self._cache = cache
        self._unpacking = layers
        self._bases = bases
        self._contexts = contexts
        self._platform = platform
        self._layers_of = layers_of
        self._space = space
        self._downloads = downloads

    @contextmanager
    def opened(self, origin: Origin) -> Iterator[SourceTree]:
        """The tree of an origin. Raises what finding an image, or a stage that failed, raises."""
        if origin.kind == "context":
            context = self._contexts[origin.name]
            name = f"the context {origin.name}".rstrip()
            with SourceTree(context.path, context.ignored, name=name) as tree:
                yield tree
            return
        point = self._space.folder("from")
        with mounted(self.mountable(origin), point), SourceTree(point, name=origin.name) as tree:
            yield tree

    def mountable(self, origin: Origin) -> Tree:
        """The same, for others to mount."""
        if origin.kind == "context":
            return Tree((self._contexts[origin.name].path,))
        layers = self._layers(origin)
        self._unpacking.unpack(origin.name, layers)
        return Tree(self._store.snapshots.trees(chain_of(layers)))

    def _layers(self, origin: Origin) -> tuple[BuiltLayer, ...]:
        if origin.kind == "stage":
            layers = self._layers_of(origin.stage)
        else:
            image = self._bases.resolve(origin.name, self._platform)
            layers = tuple(map(BuiltLayer, image.diff_ids, image.layers))
        if not layers:
            raise Problem(f"{origin.name!r} has no files")
        return layers

    def copied(self, step: CopyStep) -> str:
        """The digest of what a COPY copies. Raises NotFound, Problem, OSError."""

        def found(tree: SourceTree) -> str:
            owners = step.origin.kind != "context" and not step.chown
            sources, excluded = sources_of(step, tree), excluded_by(step)
            digest = digest_of_sources(tree, sources, excluded, owners=owners, itself=step.parents)
            above = [_above(source, tree, owners=owners) for source in sources] if step.parents else []
            return digest_of_tree([digest, above]) if above else digest

        fetched = [text for text in step.sources if is_fetched(step, text)]
        if fetched:
            digests = [self._fetched(step, text) for text in fetched]
            names = list(map(name_of, fetched))
            return digest_of_tree([self._digest(step.origin, [], found), digests, names])
        selection = ["copy", list(step.sources), list(step.exclude), bool(step.chown), step.parents]
        return self._digest(step.origin, selection, found)

    def _fetched(self, step: CopyStep, source: str) -> str:
        """What an address means: the digest of a file, or a commit, and what of it."""
        repository = git_address(source)
        if repository is None:
            return step.checksum.lower() or self._downloads.fetch(source).digest
        commit = self._downloads.repositories.resolve(repository, step.checksum)
        return f"git {commit} {step.keep_git} {repository.folder}"

    def seen(self, mount: RunMount) -> str:
        """The digest of what a mount of RUN shows. Raises as `copied`."""
        origin = mount.origin
        if origin is None:
            return ""

        def found(tree: SourceTree) -> str:
            return digest_of_sources(tree, [source_of(tree, mount)], owners=origin.kind != "context")

        return self._digest(origin, ["mount", mount.get("source")], found)

    def _digest(self, origin: Origin, selection: list[object], found: Callable[[SourceTree], str]) -> str:
        """Looked up for trees that never change."""
        if origin.kind == "context":
            with self.opened(origin) as tree:
                return found(tree)
        key = digest_of_tree([chain_of(self._layers(origin)), selection])
        known = self._cache.input(key)
        if known is None:
            with self.opened(origin) as tree:
                known = found(tree)
            self._cache.add_input(key, known)
        return known


def _above(source: Source, tree: SourceTree, *, owners: bool) -> list[str]:
    """What `--parents` makes beside the source itself: where it goes, and what the folders above it are like."""
    folders = [digest_of_item(tree, folder, owners=owners) for _, folder in kept_above(source, tree)]
    return [source.kept, *folders]


def source_of(tree: SourceTree, mount: RunMount) -> Source:
    """What of a tree a mount shows. Raises Problem: it is not there."""
    path = mount.get("source", "/")
    item = tree.find(path)
    if item is None:
        raise Problem(f"--mount: {tree.name} has no {path!r}")
    return Source(item, "", "")
