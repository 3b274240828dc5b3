"""Options on the entry of an image's history, as umoci calls them."""

from __future__ import annotations

from functools import wraps

import click

from tiffin.image.command.options import epoch_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.image.bundles.history import HistoryEntry

    Function = Callable[..., Any]

FIELDS = ("author", "comment", "created", "created_by")


def history_options(created_by: str) -> Callable[[Function], Function]:
    """The function gets a `HistoryEntry` as `history`, or None. created_by: what is said by default."""
    options: list[Callable[[Function], Function]] = [
        click.option("--no-history", is_flag=True, help="No entry in the history."),
        epoch_option("The time of all that is new; $SOURCE_DATE_EPOCH or now by default."),
    ]
    for name in FIELDS:
        text = f"{name} of the entry in the history."
        options.append(
            click.option(f"--history.{name}", f"history_{name}", default="", metavar="TEXT", help=text)
        )

    def decorate(function: Function) -> Function:
        @wraps(function)
        def called(*arguments: Any, no_history: bool, **given: Any) -> Any:
            values = {name: given.pop(f"history_{name}") for name in FIELDS}
            values["created_by"] = values["created_by"] or created_by
            return function(*arguments, **given, history=None if no_history else _entry(values))

        decorated: Function = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _entry(values: dict[str, str]) -> HistoryEntry:
    from tiffin.image.bundles.history import HistoryEntry

    return HistoryEntry(**values)
