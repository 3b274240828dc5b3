"""`tiffin-image history`: the steps that made an image, and the layers that came of them."""

from __future__ import annotations

import time
from contextlib import ExitStack

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.options import Verb, json_option, platform_option
from tiffin.image.command.output import print_json, print_table
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session
from tiffin.image.command.units import age_text, bytes_text, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tiffin.image.documents import Platform
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.access import RegistryAccess

HEADINGS = ("LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT")
SHORT, SHORT_STEP = 12, 45  # characters, as Docker shows them


@click.command("history", cls=Verb)
@click.argument("image", metavar="IMAGE", shell_complete=image_names)
@click.option("--no-trunc", "whole", is_flag=True, help="All of each step.")
@json_option
@platform_option
@registry_options()
@click.pass_obj
def history(
    session: Session,
    *,
    image: str,
    whole: bool,
    as_json: bool,
    platform: Platform | None,
    access: RegistryAccess,
) -> None:
    """Shows how the image at a place was made, the last step first."""
    from tiffin.image.transports.opening import open_source

    with ExitStack() as stack:
        steps = list(_steps(open_source(image, stack, session.access(access)), platform))
    if as_json:
        print_json(steps[::-1])
    else:
        print_table(HEADINGS, [_row(step, whole=whole) for step in reversed(steps)])


def _steps(source: ImageSource, platform: Platform | None) -> Iterator[dict[str, Any]]:
    """The config's history, with the layers of those steps that made one; layers that it lacks come first."""
    from tiffin.image.documents import config_of, manifest_of
    from tiffin.image.transfer.choice import choose

    chosen = choose(source, source.resolve(), platform)
    manifest = manifest_of(source.read_document(chosen), f"manifest {chosen.digest}", chosen.media_type)
    what = f"config {manifest.config.digest}"
    config = config_of(source.read_document(manifest.config), manifest.config.digest, what)
    written = config.tree.get("history")
    steps = [step for step in (written if isinstance(written, list) else []) if isinstance(step, dict)]
    told = sum(not step.get("empty_layer") for step in steps)
    layers = list(manifest.layers)
    for layer in layers[: max(len(layers) - told, 0)]:
        yield {"layer": layer.digest, "size": layer.size}
    rest = iter(layers[max(len(layers) - told, 0) :])
    for step in steps:
        made = None if step.get("empty_layer") else next(rest, None)
        yield {**step, "layer": made and made.digest, "size": made.size if made else 0}


def _row(step: dict[str, Any], *, whole: bool) -> tuple[str, ...]:
    layer = (step["layer"] or "").partition(":")[2]
    created = moment(step.get("created"))
    made = " ".join(_text(step.get("created_by")).split())
    if not whole:
        layer = layer[:SHORT]
        made = made if len(made) <= SHORT_STEP else f"{made[: SHORT_STEP - 3]}..."
    age = "" if created is None else age_text(time.time() - created)
    return layer, age, made, bytes_text(step["size"]), _text(step.get("comment"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
