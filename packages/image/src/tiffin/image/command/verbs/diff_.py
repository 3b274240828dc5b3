"""`tiffin-image diff`: what is different between two trees, as a list or as a layer."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.options import NewFile, Verb, epoch_option, json_option
from tiffin.image.command.output import harmless, print_json
from tiffin.image.command.session import Session
from tiffin.image.command.trees import open_tree
from tiffin.image.transfer.options import COMPRESSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.image.layers.diff.change import Change

LETTERS = {"added": "A", "modified": "C", "deleted": "D", "opaque": "O"}  # Docker's, and one of ours


@click.command("diff", cls=Verb)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--output",
    "-o",
    default="",
    type=NewFile(),
    help="Write a layer there, and print its diff id.",
)
@click.option(
    "--compress-format",
    type=click.Choice(COMPRESSIONS),
    default="gzip",
    show_default=True,
    help="Of the layer.",
)
@click.option("--compress-level", type=click.IntRange(1, 22), default=None, help="How hard to try.")
@epoch_option("Times in the layer are not later; $SOURCE_DATE_EPOCH by default.")
@json_option
@click.pass_obj
def diff(
    session: Session, *, old: str, new: str, output: str, compress_format: str, compress_level: int | None,
    source_date_epoch: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Shows what makes NEW out of OLD: A path was added, C changed, D deleted.

    Both are folders, or images of the local store.
    """
    from tiffin.image.layers.diff.walk import tree_changes

    with ExitStack() as stack:
        before, after = (open_tree(text, session, stack) for text in (old, new))
        changes = tree_changes(before, after)
        if output:
            _write(changes, output, compress_format, compress_level or 0, source_date_epoch)
        elif as_json:
            print_json([{"kind": one.kind.value, "path": _path(one)} for one in changes])
        else:
            for one in changes:
                print(f"{LETTERS[one.kind.value]} {harmless(_path(one))}")


def _path(change: Change) -> str:
    return "/" + change.path.decode(errors="surrogateescape").encode(errors="backslashreplace").decode()


def _write(changes: Iterable[Change], path: str, compression: str, level: int, epoch: int | None) -> None:
    import os

    from tiffin.image.layers.diff.make import make_layer
    from tiffin.image.transports.unfinished import UnfinishedFile

    with UnfinishedFile(os.path.dirname(path)) as unfinished:
        made = make_layer(changes, unfinished.file, compression, level=level, source_date_epoch=epoch)
        unfinished.publish(path)
    print(made.diff_id)
