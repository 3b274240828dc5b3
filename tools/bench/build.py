#!/usr/bin/env python3
"""Times building a Dockerfile of ten steps against `buildah build --layers`, alternating; ratios of medians.

    tools/bench/build.py [--rounds 5] [--files 1000] [--work DIR] [--profile]

As root, with busybox-static, buildah and skopeo. Cold: the base image is there and unpacked, and nothing is cached.
Cached: the same once more. Wall seconds of whole commands. The bars: cold at most 1.0 of buildah's time, cached less
than 0.3. With --profile one cold and one cached build of ours run under cProfile.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from tiffin_testing.images import busybox_image

DOCKERFILE = """FROM base
ENV MODE=bench
RUN echo $MODE >/mode && mkdir -p /opt/one
WORKDIR /app
COPY files files
RUN find files -type f | sort | xargs md5sum >sums
COPY one.txt /opt/one/
RUN cp -r files copied && rm -r copied/0
RUN cat sums /opt/one/one.txt | wc -l >lines
LABEL kind=bench
CMD ["cat", "lines"]
"""
COMMAND = str(Path(sys.executable).with_name("tiffin-image"))


def timed(*argv: str) -> float:
    """Seconds that a command takes. Raises CalledProcessError."""
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        done.check_returncode()
    return time.perf_counter() - start


class Ours:
    """This checkout."""

    def __init__(self, work: Path, base: Path) -> None:
        self.start = ("env", f"TIFFIN_ROOT={work}/ours", COMMAND, "build")
        (work / "empty").mkdir(exist_ok=True)
        (work / "base.Dockerfile").write_text("FROM base")
        flags = ("--build-context", f"base=oci:{base}", "-t", "base", "-f", str(work / "base.Dockerfile"))
        timed(*self.start, *flags, str(work / "empty"))

    def build(self, context: Path) -> float:
        """One build."""
        return timed(*self.start, "-t", "built", str(context))


class Buildah:
    """buildah, with overlays and chroot isolation, which is its fastest."""

    def __init__(self, work: Path, base: Path) -> None:
        storage = ("--root", f"{work}/root", "--runroot", f"{work}/run", "--storage-driver", "overlay")
        self.start = ("buildah", *storage)
        pulled = subprocess.run(
            [*self.start, "pull", "--quiet", f"oci:{base}"], capture_output=True, check=True, text=True
        )
        timed(*self.start, "tag", pulled.stdout.strip(), "localhost/base")

    def build(self, context: Path) -> float:
        """One build."""
        flags = ("--isolation", "chroot", "--layers", "--pull-never", "-t", "built")
        return timed(*self.start, "build", *flags, str(context))


def prepare(work: Path, files: int) -> tuple[Path, Path]:
    """The context, and a layout of busybox whose history every builder takes."""
    context = work / "context"
    generator = random.Random(1)  # noqa: S311  # bytes that do not compress
    for number in range(files):
        path = context / "files" / str(number % 10) / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generator.randbytes(5000) + bytes(5000))
    (context / "one.txt").write_text("one\n")
    (context / "Dockerfile").write_text(DOCKERFILE)
    layout = busybox_image(work / "plain")
    made = Ours(work, layout)
    base = work / "base"
    timed(*made.start[:-1], "copy", "base", f"oci:{base}:latest")
    shutil.rmtree(work / "ours")
    return context, base


def profile(work: Path, context: Path, base: Path) -> None:
    """Where a build of ours spends its time."""
    ours = Ours(work, base)
    words = ["build", "-t", "built", str(context)]
    code = f"from tiffin.image.command.main import main; main({words!r})"
    environment = {**os.environ, "TIFFIN_ROOT": f"{work}/ours"}
    for _ in ("cold", "cached"):
        script = f"import cProfile; cProfile.run({code!r}, sort='cumulative')"
        subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    del ours


def main() -> None:
    """Prints a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--work", type=Path, default=Path("/tmp/tiffin-bench-build"))
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    context, base = prepare(options.work, options.files)
    if options.profile:
        profile(options.work, context, base)
        return
    seconds: dict[str, list[float]] = {}
    for number in range(options.rounds):
        for kind in (Ours, Buildah):
            place = options.work / f"{kind.__name__}-{number}"
            place.mkdir()
            builder = kind(place, base)
            os.sync()
            for what in ("cold", "cached"):
                seconds.setdefault(f"{kind.__name__} {what}", []).append(builder.build(context))
    shutil.rmtree(options.work)
    for what in ("cold", "cached"):
        middles = {}
        for kind in (Ours, Buildah):
            found = seconds[f"{kind.__name__} {what}"]
            middles[kind] = statistics.median(found)
            spread = f"min {min(found):5.2f}  max {max(found):5.2f}"
            print(f"{what:6} {kind.__name__.lower():8} {middles[kind]:5.2f} s  {spread}")
        print(f"{what:6} ours is {middles[Ours] / middles[Buildah]:.2f} of buildah's time")


if __name__ == "__main__":
    main()
