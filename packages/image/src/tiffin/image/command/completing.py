"""Completing the names of images in the local store."""

from __future__ import annotations

import os

from click.shell_completion import CompletionItem

from tiffin.image.command.session import Session
from tiffin.image.errors import ImageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click


def image_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names that begin so, also as Docker shortens them; none of a store that cannot be read."""
    above = context.find_root().params
    try:
        names = _names(above.get("root") or "", above.get("namespace") or "default")
    except (ImageFailure, OSError):  # whoever has pressed TAB sees it when the command is run
        return []
    short = [name.removeprefix("docker.io/").removeprefix("library/") for name in names]
    return [CompletionItem(name) for name in dict.fromkeys((*short, *names)) if name.startswith(incomplete)]


def _names(root: str, namespace: str) -> list[str]:
    """All names. A store that is not there yet is not made. Raises ImageFailure, OSError."""
    from tiffin.image.store.root import default_root

    session = Session(root or default_root(), namespace)
    if not os.path.exists(os.path.join(session.root, "metadata.db")):
        return []
    return [image.name for image in session.store_as_caller().images.list()]
