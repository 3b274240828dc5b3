"""Completing the names of images in the local store."""

from __future__ import annotations

import os

from click.shell_completion import CompletionItem

from tiffin.image.command.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click


def image_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names that begin so, also as Docker shortens them. A store that is not there yet is not made."""
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.store.root import default_root
    from tiffin.image.store.store import Store

    above = context.find_root().params
    session = Session(above.get("root") or default_root(), above.get("namespace") or "default")
    if not os.path.exists(os.path.join(session.root, "metadata.db")):
        return []
    names = [image.name for image in Store(session.root, Scope(session.namespace)).images.list()]
    short = [name.removeprefix("docker.io/").removeprefix("library/") for name in names]
    return [CompletionItem(name) for name in dict.fromkeys((*short, *names)) if name.startswith(incomplete)]
