"""A verb in the place of `features` that tells what the process is like in which our code runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from packages.runtime.tests.snapshot import probe_verb
from packages.runtime.tests.snapshot.installation import Installation

PLACE = "runtime/command/verbs/features_.py"
ASIDE = "features_really.py"  # in the same folder


def install_probe(installation: Installation) -> None:
    """Has `features` do what probe_verb.py says, if $PROBE is set."""
    place = installation.packages / PLACE
    place.rename(place.with_name(ASIDE))
    place.write_bytes(Path(probe_verb.__file__).read_bytes())


def probe(installation: Installation, way: str, what: str, **more: Any) -> Any:
    """What the probe finds. more: as for `call`, which makes up the process that it finds itself in."""
    before = (*more.pop("before", ()), "env", f"PROBE={what}")
    done = installation.call("features", way=way, before=before, **more)
    assert (done.returncode, done.stderr) == (0, b""), done
    return json.loads(done.stdout)


def probe_both(installation: Installation, what: str, **more: Any) -> Any:
    """What the probe finds in a process that goes on from the image: the same as in a new interpreter."""
    without = probe(installation, "no", what, **more)
    found = probe(installation.ready(), "only", what, **more)
    assert found == without, f"{found}\nwithout a snapshot: {without}"
    return found
