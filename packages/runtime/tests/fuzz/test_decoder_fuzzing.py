"""libFuzzer on core/decode.c for half a minute, from plans as they are. A finding is kept, and its name shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packages.runtime.tests.fuzz.native_programs import build, run
from packages.runtime.tests.fuzz.test_core_units import PLAN
from packages.runtime.tests.plan.plans import smallest

from tiffin.runtime.plan.encode import MAGIC, encode
from tiffin.runtime.plan.operation import Plan
from tiffin.runtime.plan.operations import KINDS

pytestmark = pytest.mark.requires("clang")
SECONDS = 25
LONGEST = 4096  # bytes of an input
MEMORY = 1024  # MiB
LEAST_RUNS = 10_000  # fewer would mean that nothing was tried


def write_seeds(folder: Path) -> None:
    """One blob with everything, one for each operation, one with nothing."""
    folder.mkdir()
    (folder / "all").write_bytes(encode(PLAN, trace=True))
    (folder / "none").write_bytes(encode(Plan(())))
    for number in KINDS:
        (folder / str(number)).write_bytes(encode(Plan((smallest(number),))))


def test_no_input_makes_the_decoder_read_what_is_not_there(programs: Path, tmp_path: Path) -> None:
    write_seeds(tmp_path / "seeds")
    (tmp_path / "found").mkdir()
    dictionary = tmp_path / "dictionary"
    magic = "".join(f"\\x{byte:02x}" for byte in MAGIC)
    dictionary.write_text(f'"{magic}"\n"\\xff\\xff\\xff\\xff"\n')
    command: list[str | Path] = [
        build("decode_fuzzer", programs),
        f"-max_total_time={SECONDS}", f"-max_len={LONGEST}", f"-rss_limit_mb={MEMORY}", "-print_final_stats=1",
        f"-dict={dictionary}", "found", "seeds",
    ]  # fmt: skip
    log = tmp_path / "log"
    script = f'"$@" 2>{log} || {{ tail -c 6000 {log} >&2; exit 1; }}'
    run(["sh", "-c", script, "sh", *command], folder=tmp_path, seconds=SECONDS + 60)
    (runs,) = re.findall(r"stat::number_of_executed_units:\s+(\d+)", log.read_text(errors="replace"))
    assert int(runs) >= LEAST_RUNS
