"""`StageGraph`: the stages as they stand in the Dockerfile, and what names of stages, contexts and images mean."""

from __future__ import annotations

from tiffin.image.building.dockerfile.error import Problem, nearest
from tiffin.image.building.dockerfile.instructions import Arg, From
from tiffin.runtime.record import Record

from .steps import SCRATCH, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from tiffin.image.building.dockerfile.instructions import Dockerfile, Instruction


class WrittenStage(Record):
    """A FROM, and the instructions that follow it."""

    number: int
    start: From
    instructions: tuple[Instruction, ...]


class StageGraph(Record):
    """global_args: those before the first FROM. contexts: names of `--build-context`; images: those that are images."""

    global_args: tuple[Arg, ...]
    stages: tuple[WrittenStage, ...]
    contexts: frozenset[str]
    images: frozenset[str]

    def find(self, name: str, before: int) -> int | None:
        """The number of a stage by its name, or by its number as text; only earlier ones are known."""
        for stage in self.stages[:before]:
            if stage.start.name and stage.start.name == name.lower():
                return stage.number
        if name.isascii() and name.isdigit() and int(name) < before:
            return int(name)
        return None

    def target(self, name: str) -> int:
        """The stage to build: the last one for "". Raises Problem."""
        if not name:
            return len(self.stages) - 1
        found = self.find(name, len(self.stages))
        if found is None:
            names = [stage.start.name for stage in self.stages if stage.start.name]
            listed = ", ".join(names) or "none with a name"
            raise Problem(f"there is no stage {name!r}{nearest(name, names)}; there are: {listed}")
        return found

    def base(self, name: str, before: int) -> Origin:
        """What FROM means by a name. Raises Problem."""
        if name == "scratch":
            return SCRATCH
        context = self._context(name)
        if context in self.images:
            return Origin("image", context)
        if context:
            raise Problem(
                f"FROM {name}: that context is a folder, and an image was expected, such as oci:PATH"
            )
        for stage in self.stages[:before]:
            if stage.start.name and stage.start.name == name.lower():
                return Origin("stage", name, stage.number)
        return Origin("image", name)

    def origin(self, name: str, before: int) -> Origin:
        """What `--from` means by a name. Raises Problem: a stage that is not there yet."""
        context = self._context(name)
        if context:
            return Origin("image" if context in self.images else "context", context)
        found = self.find(name, before)
        if found is not None:
            return Origin("stage", name, found)
        if "$" in name:
            raise Problem(
                f"from {name!r}: no variables are put in here; name a stage, FROM {name} AS NAME, with an ARG before"
            )
        if name.isascii() and name.isdigit():
            raise Problem(f"there is no stage {name} before this one")
        later = self.find(name, len(self.stages))
        if later is not None:
            raise Problem(f"the stage {name!r} is this one, or comes later: files come from earlier ones")
        return Origin("image", name)

    def _context(self, name: str) -> str:
        """The context that is called so, "" for none; `a`, `a:latest` and `docker.io/library/a` are one name."""
        same = (one for one in sorted(self.contexts) if _familiar(one) == _familiar(name))
        return name if name in self.contexts else next(same, "")


def _familiar(name: str) -> str:
    """The name of an image without what is understood."""
    return name.removeprefix("docker.io/").removeprefix("library/").removesuffix(":latest")


def graph_of(dockerfile: Dockerfile, contexts: Collection[str], images: Collection[str]) -> StageGraph:
    """The stages of a parsed Dockerfile."""
    written: list[tuple[From, list[Instruction]]] = []
    global_args = []
    for one in dockerfile.instructions:
        if isinstance(one, From):
            written.append((one, []))
        elif written:
            written[-1][1].append(one)
        elif isinstance(one, Arg):
            global_args.append(one)
    stages = tuple(WrittenStage(number, start, tuple(rest)) for number, (start, rest) in enumerate(written))
    return StageGraph(tuple(global_args), stages, frozenset(contexts), frozenset(images))
