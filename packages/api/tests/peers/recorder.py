"""A program in runc's place: writes its arguments down, and hands them on to the real runc."""

from __future__ import annotations

from pathlib import Path

# a checkpoint is not made (that needs CRIU), but said to be; --systemd-cgroup is dropped (that needs systemd)
SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> {log}
case " $* " in *" checkpoint "*) exit 0 ;; esac
for word do
  shift
  [ "$word" = --systemd-cgroup ] || set -- "$@" "$word"
done
exec runc "$@"
"""


class Recorder:
    """The program, in a folder, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "recorder"
        self._log = folder / "calls"
        self.path.write_text(SCRIPT.format(log=self._log))
        self.path.chmod(0o755)

    def words(self, verb: str) -> list[str]:
        """The arguments of its last call with a verb of runc's."""
        calls = [line.split() for line in self._log.read_text().splitlines()]
        return next(words for words in reversed(calls) if verb in words)
