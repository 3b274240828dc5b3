"""The power goes at any moment: what a pull returned for is there and whole, and the next pull finishes."""

from __future__ import annotations

import os
import random
import secrets
import shutil
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import LAYERS, NAME, OTHER, OTHER_LAYERS, write_image
from packages.image.tests.power.block_log import Disk, read_log
from packages.image.tests.power.recording import DAEMON, SIZE, loop_device, mounted_ext4, recording
from packages.image.tests.power.workload import Facts, Workload

EVERY = os.environ.get("TIFFIN_TEST_EVERY_STEP") == "1"
CI = os.environ.get("CI", "").lower() in {"1", "true"}
LOSSES = 100 if EVERY or CI else 12  # for each way to mount the disk
SEED = int(os.environ.get("TIFFIN_TEST_SEED", secrets.randbelow(1 << 32)))
HERE = shutil.which(DAEMON) and os.path.exists("/dev/fuse") and os.path.exists("/dev/loop-control")

pytestmark = [
    pytest.mark.requires("root", "overlayfs", "qemu-system-x86_64"),
    pytest.mark.skipif(not (CI or HERE), reason=f"needs {DAEMON}, FUSE and loop devices"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("mode", ["data=ordered", "data=writeback"])
def test_a_store_survives_power_losses(mode: str, place: Path, facts: Facts) -> None:
    sources = {NAME: write_image(place / "app", LAYERS), OTHER: write_image(place / "other", OTHER_LAYERS)}
    workload = Workload(sources)
    with recording(place, mode) as recorded:
        workload.run(recorded, facts, place / "mounted")
    requests = read_log(recorded.log)
    first = next(at for at, each in enumerate(requests) if each.position >= workload.spans[0].position)
    chance = random.Random(f"{SEED} {mode}")  # noqa: S311  # no secret
    moments = set(chance.sample(range(first, len(requests)), LOSSES))
    print(f"seed {SEED}: {len(requests) - first} requests")
    disk, problems = Disk(SIZE), []
    for at, request in enumerate(requests):
        disk.take(request)
        if at not in moments:
            continue
        after = (
            place / f"after {at}"
        )  # its own: another process may hold a mount of the one before a little longer
        after.write_bytes(disk.after_power_loss(chance, chance.choice((0.0, 0.5, 1.0))))
        with loop_device(after) as device, mounted_ext4(device, recorded.disk, mode):
            span = workload.span(request.position)
            wrong = workload.wrong(recorded.disk, span, facts, place / "mounted")
        after.unlink()
        problems += [f"after request {at - first}: {line}" for line in wrong]
    assert not problems, f"TIFFIN_TEST_SEED={SEED}\n" + "\n".join(problems)


def test_what_was_not_synced_is_lost_in_a_recording(place: Path) -> None:
    """Else the test above would say nothing."""
    with recording(place) as recorded:
        for name in ("synced", "not synced"):
            with (recorded.disk / name).open("wb") as file:
                file.write(name.encode() * 1000)
                if name == "synced":
                    os.fsync(file.fileno())
        position = recorded.position()
        os.sync()
    disk, after = Disk(SIZE), place / "after"
    for request in read_log(recorded.log):
        if request.position < position:
            disk.take(request)
    after.write_bytes(disk.after_power_loss(random.Random(0), 0.0))  # noqa: S311  # no secret
    with loop_device(after) as device, mounted_ext4(device, recorded.disk):
        assert (recorded.disk / "synced").read_bytes() == b"synced" * 1000
        lost = recorded.disk / "not synced"
        assert not lost.exists() or not lost.stat().st_size
