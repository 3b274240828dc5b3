"""`plan_steps`: the instructions of one stage, and the triggers of its base, one after the other."""

from __future__ import annotations

from tiffin.image.building.dockerfile.error import DockerfileError, Problem
from tiffin.image.building.dockerfile.instructions import Copy, Run, Workdir
from tiffin.image.building.dockerfile.parse import parse_trigger

from .copying import copy_step
from .effects import EFFECTS
from .run import run_step
from .steps import Step, WorkdirStep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.building.dockerfile.instructions import Dockerfile, Instruction

    from .graph import StageGraph, WrittenStage
    from .image_settings import ImageSettings
    from .steps import Origin
    from .variables import StageVariables


def plan_steps(
    file: Dockerfile,
    graph: StageGraph,
    written: WrittenStage,
    settings: ImageSettings,
    variables: StageVariables,
) -> tuple[Step, ...]:
    """The steps of a stage; `settings` and `variables` are then as at its end. Raises DockerfileError."""

    def origin_of(name: str) -> Origin:
        return graph.origin(name, written.number)

    steps: list[Step] = []
    for one in _instructions(file, written, settings):
        try:
            step: Step
            if isinstance(one, Run):
                step = run_step(one, settings, variables, origin_of)
            elif isinstance(one, Copy):
                step = copy_step(one, settings, variables, origin_of)
            elif isinstance(one, Workdir):
                path = settings.set_folder(variables.expand(one.path))
                step = WorkdirStep(one.line, one.text, f"WORKDIR {path}", path, settings.user)
            else:
                step = Step(one.line, one.text, EFFECTS[type(one)](one, settings, variables))
        except Problem as problem:
            raise DockerfileError(str(problem), file=file.name, line=one.line) from None
        steps.append(step)
    return tuple(steps)


def _instructions(file: Dockerfile, written: WrittenStage, settings: ImageSettings) -> Iterator[Instruction]:
    """First what the base wants done (ONBUILD), as if it stood behind FROM; then what the stage has itself."""
    line = written.start.line
    for trigger in settings.take_triggers():
        try:
            found = parse_trigger(trigger, file.name)
        except DockerfileError as error:
            problem = f"ONBUILD {trigger!r} of the base: {error.problem}"
            raise DockerfileError(problem, file=file.name, line=line) from None
        yield found.replace(line=line)
    yield from written.instructions
