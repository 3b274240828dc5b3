"""`Trouble`: a script before the runtime of a keeper, which hangs, crashes or says nonsense at one verb."""

from __future__ import annotations

from pathlib import Path

from packages.shim.tests.tasks.keeping import Keeper, Output

from tiffin.shim.runtimes.limits import TimeLimits

SOON = 1.5  # seconds; a real runtime, on a busy machine too, is done by then
HANG = "sleep 1000"


class Trouble:
    """A script before the keeper's runtime, which has a trouble with one verb.

    done: it does the verb first. begun: readable once it has come to the trouble. over: from then on it has none.
    """

    def __init__(self, keeper: Keeper, folder: Path, verb: str, trouble: str, *, done: bool = False) -> None:
        self._folder = folder / "troubled"
        self._folder.mkdir()
        self.begun = Output(self._folder)
        keeper.outputs.append(self.begun)
        self._switch = self._folder / "switch"
        self._switch.touch()
        first = f'{keeper.binary} "$@" || exit; ' if done else ""
        path = self._folder / Path(keeper.binary).name
        path.write_text(
            "#!/bin/sh\n"
            f'case " $* " in *" {verb} "*) '
            f"[ ! -e {self._switch} ] || {{ {first}echo begun >{self.begun.path}; {trouble}; exit 1; }};; esac\n"
            f'exec {keeper.binary} "$@"\n'
        )
        path.chmod(0o755)
        keeper.binary = str(path)

    def over(self) -> None:
        self._switch.unlink()


def hanging(keeper: Keeper, folder: Path, verb: str, *, done: bool = False) -> Trouble:
    keeper.limits = TimeLimits().replace(**{verb: SOON})
    return Trouble(keeper, folder, verb, HANG, done=done)
