"""A script for a user namespace: what our unpackers make of the images of `changes` must be the same.

python ours.py FOLDER       prints one line for each difference
"""

from __future__ import annotations

import sys
from pathlib import Path

from packages.image.tests.peers.changes import CHANGES
from packages.image.tests.peers.tree import differences
from packages.image.tests.peers.unpackers import SNAPSHOTTERS, by_store, by_unpack, settled

from tiffin.image.writing import write_layout


def main() -> None:
    """The script."""
    for number, (name, layers) in enumerate(CHANGES.items()):
        folder = Path(sys.argv[1], str(number))
        write_layout(str(folder / "layout"), layers, {}, "1")
        expected = by_unpack(folder / "layout", folder, whole=False)
        for snapshotter in SNAPSHOTTERS:
            found = by_store(folder / "layout", folder, snapshotter, whole=False)
            for line in differences(settled(expected, found), settled(found, expected)):
                print(f"{name}: {snapshotter}: {line}")
    print("done")


if __name__ == "__main__":
    main()
