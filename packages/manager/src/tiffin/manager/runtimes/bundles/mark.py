"""What a bundle says of the runtime that its task runs on: the file `tiffin-task.json`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

FILE = "tiffin-task.json"


def write(bundle: Bundle, runtime: str) -> None:
    """Keeps the name of the runtime."""
    path = bundle.file(FILE)
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump({"runtime": runtime}, file)
    os.replace(f"{path}.tmp", path)


def read(bundle: Bundle) -> str:
    """The name of the runtime; "" if the bundle does not say it."""
    try:
        with open(bundle.file(FILE), encoding="utf-8") as file:
            return str(json.load(file)["runtime"])
    except FileNotFoundError:
        return ""
