#!/usr/bin/env python3
"""What it costs to read a config.json of 30 kB with Docker's seccomp profile: prints milliseconds, never fails.

    tools/bench/spec_decode.py [CONFIG]     another config than the one that it makes

Each figure is the best of many; imports are the best of several new interpreters under `-I -S`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

SOURCE = Path(__file__).resolve().parents[2] / "packages/spec/src"
sys.path.insert(0, str(SOURCE))

from tiffin.spec import json_tree  # noqa: E402  # the path comes first
from tiffin.spec.model import from_tree, to_tree  # noqa: E402
from tiffin.spec.runtime import Config, decode_config, defaults, encode_config, validate  # noqa: E402
from tiffin.spec.runtime.seccomp_profile import default_profile  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 30_000
IMPORTS = (
    "tiffin.spec",
    "tiffin.spec.json_tree",
    "tiffin.spec.runtime.validation",
    "tiffin.spec.runtime.config",
)


def typical_config() -> bytes:
    """Docker's defaults and profile, devices, and labels until it has 30 kB."""
    tree: Any = defaults.config()
    tree["linux"]["seccomp"] = default_profile("x86_64")
    tree["linux"]["devices"] = defaults.devices()
    tree["annotations"] = {}
    text = json_tree.encode(tree, indent=4)
    while len(text) < SIZE:
        number = len(tree["annotations"])
        tree["annotations"][f"com.example.label.{number}"] = f"value {number}"
        text = json_tree.encode(tree, indent=4)
    return text.encode()


def best(work: Callable[[], object], times: int = 300) -> float:
    """Milliseconds of the fastest of many runs."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return min(seconds) * 1000


def import_time(module: str) -> float:
    """Milliseconds to import a module in a new interpreter (with __future__, which every module here needs)."""
    program = (
        f"import sys, __future__; sys.path[:0] = {sys.path!r}; from time import perf_counter\n"
        f"start = perf_counter(); import {module}; print(perf_counter() - start)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(7)]
    return min(float(run) for run in runs) * 1000


def main() -> None:
    data = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else typical_config()
    tree = json_tree.decode(data)
    config = decode_config(data)
    rows: dict[str, Callable[[], object]] = {
        "json_tree.decode": lambda: json_tree.decode(data),
        "validate": lambda: validate(tree),
        "tree to Config": lambda: from_tree(tree, Config),
        "decode_config (all three)": lambda: decode_config(data),
        "Config to tree": lambda: to_tree(config),
        "encode_config": lambda: encode_config(config),
        "default_profile": lambda: default_profile("x86_64"),
    }
    print(f"config.json of {len(data)} bytes, Python {sys.version.split()[0]}; milliseconds")
    for name, work in rows.items():
        print(f"{name:28}{best(work):8.3f}")
    for module in IMPORTS:
        print(f"{'import ' + module:44}{import_time(module):8.3f}")


if __name__ == "__main__":
    main()
