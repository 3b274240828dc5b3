"""`tiffin-image prune`: what nothing keeps is removed from the local store."""

from __future__ import annotations

import click

from tiffin.image.command.limits import age, size
from tiffin.image.command.options import Verb, json_option
from tiffin.image.command.output import print_json
from tiffin.image.command.session import Session
from tiffin.image.command.units import bytes_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.pruning import PrunedBuilds
    from tiffin.image.store.store import Store


@click.command("prune", cls=Verb)
@click.option(
    "--downloads", is_flag=True, help="What unfinished pulls have fetched too: they can go on for a day."
)
@click.option("--build-cache", is_flag=True, help="The results of builds, and the cache folders of RUN, too.")
@click.option("--unused-for", type=age, metavar="AGE", default=None,
              help="Of the build cache only what was not used for so long, such as 24h or 7d.")  # fmt: skip
@click.option("--max-used-space", type=size, metavar="SIZE", default=None,
              help="Of the build cache only what takes more than this, such as 10GB, oldest first.")  # fmt: skip
@json_option
@click.pass_obj
def prune(
    session: Session, *, downloads: bool, build_cache: bool, unused_for: float | None, max_used_space: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Removes content and files that no image, container or lease keeps; images stay (see `remove --all`)."""
    from tiffin.image.store.containers import roots_of, used_chains

    store = session.store()
    limited = unused_for is not None or max_used_space is not None
    builds = _prune_builds(store, unused_for, max_used_space) if build_cache or limited else None
    with used_chains(store) as used:
        sizes = _sizes(store)
        aborted = _abort(store) if downloads else 0
        collected = store.collect(roots_of(store, used))
    freed = aborted + sum(sizes.get((node.kind, node.id), 0) for node in collected.removed)
    freed += builds.freed if builds else 0
    if as_json:
        removed = [{"kind": node.kind, "id": node.id} for node in collected.removed]
        counts = {"results": builds.results, "cacheFolders": builds.folders} if builds else {}
        print_json({"removed": removed, "freed": freed, "kept": collected.kept, **counts})
        return
    if builds:
        print(f"results of builds forgotten: {builds.results}, cache folders emptied: {builds.folders}")
    for node in collected.removed:
        print(f"{node.kind} {node.id}")
    print(f"Freed {bytes_text(freed)}")


def _prune_builds(store: Store, unused_for: float | None, most: int | None) -> PrunedBuilds:
    """All of the build cache, or what is beyond the limits."""
    from tiffin.image.building.pruning import Limits, prune_builds

    limits = Limits(unused_for, most)
    return prune_builds(store, None if limits == Limits() else limits)


def _sizes(store: Store) -> dict[tuple[str, str], int]:
    """What each blob and each snapshot takes, by kind and id."""
    snapshots = store.snapshots
    found = {("content", info.digest): info.size for info in store.content.walk()}
    return found | {
        (f"snapshots/{snapshots.name}", one.key): snapshots.usage(one.key).size for one in snapshots.walk()
    }


def _abort(store: Store) -> int:
    """Throws away what unfinished pulls have left, unless one is at it; how much that was, in bytes."""
    from tiffin.image.errors import NotFound, Unavailable

    freed = 0
    for status in store.content.statuses():
        try:
            store.content.abort(status.reference)
        except (NotFound, Unavailable):  # finished just now, or being written
            continue
        freed += status.offset
    return freed
