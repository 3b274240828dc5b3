"""`plan`: from a parsed Dockerfile to the stages that are needed, with typed, expanded steps.

Nothing is executed: all that is asked from outside are the configs of base images, and only of those that are needed.
"""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image import platforms
from tiffin.image.building.dockerfile.error import DockerfileError, Problem
from tiffin.image.building.dockerfile.instructions import Arg
from tiffin.image.errors import ImageFailure
from tiffin.runtime.record import Record

from .base_config import check_config
from .graph import graph_of
from .image_settings import ImageSettings
from .planning import plan_steps
from .platform import normal, parse_platform
from .steps import Origin, Stage, origins_of
from .variables import GlobalArgs, StageVariables, platform_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tiffin.image.building.dockerfile.instructions import Dockerfile
    from tiffin.image.documents import Platform

    from .graph import WrittenStage
    from .steps import BaseImage

    Resolve = Callable[[str, Platform], BaseImage]

MOST_DEPTH = 200  # stages that need each other, one after the other: planning them is recursive


class Plan(Record):
    """stages: those that are needed, before those that need them; the last one is what is built.

    unused_args: names of `--build-arg` that no ARG asks for.
    """

    stages: tuple[Stage, ...]
    unused_args: tuple[str, ...]

    @property
    def target(self) -> Stage:
        """What is built."""
        return self.stages[-1]


class PlanOptions(Record):
    """What the caller sets.

    build_args: values for ARG. target: the stage to build, "" for the last. platform: None for this machine's.
    contexts: the names of further contexts; images: those of them that are images.
    """

    build_args: Mapping[str, str]
    target: str = ""
    platform: Platform | None = None
    contexts: Collection[str] = ()
    images: Collection[str] = ()


def plan(dockerfile: Dockerfile, resolve: Resolve, options: PlanOptions) -> Plan:
    """Plans a build. resolve: finds a base image for a platform.

    Raises:
        DockerfileError: with file and line. And what `resolve` raises.
    """
    planner = _Planner(dockerfile, resolve, options)
    with planner.at(1):
        number = planner.graph.target(options.target)
    planner.stage(number)
    return Plan(tuple(planner.planned.values()), planner.unused_args())


class _Planner:
    """planned: the stages so far, by number, in the order in which they can be built."""

    def __init__(self, dockerfile: Dockerfile, resolve: Resolve, options: PlanOptions) -> None:
        self.graph = graph_of(dockerfile, options.contexts, options.images)
        self.planned: dict[int, Stage] = {}
        self._file = dockerfile
        self._resolve = resolve
        self._platform = normal(options.platform or platforms.host_platform())
        self._args: dict[int, Mapping[str, str]] = {}
        self._depth = 0
        target = options.target or self.graph.stages[-1].start.name
        predefined = platform_args(self._platform, normal(platforms.host_platform()), target)
        self._globals = GlobalArgs(options.build_args, predefined, dockerfile.escape)
        for arg in self.graph.global_args:
            with self.at(arg.line):
                self._globals.declare(arg)

    def unused_args(self) -> tuple[str, ...]:
        asked = {name for one in self._file.instructions if isinstance(one, Arg) for name, _ in one.pairs}
        known = asked | self._globals.used | self._globals.predefined.keys() | {"SOURCE_DATE_EPOCH"}
        return tuple(sorted(name for name in self._globals.given if name not in known))

    @contextmanager
    def at(self, line: int) -> Iterator[None]:
        """Adds file and line to what is wrong."""
        try:
            yield
        except Problem as problem:
            raise DockerfileError(str(problem), file=self._file.name, line=line) from None

    def stage(self, number: int) -> Stage:
        """Plans a stage, after those that it needs."""
        if number not in self.planned:
            written = self.graph.stages[number]
            if self._depth == MOST_DEPTH:
                with self.at(written.start.line):
                    raise Problem(f"more than {MOST_DEPTH} stages need each other, one after the other")
            self._depth += 1
            self.planned[number] = self._plan(written)
            self._depth -= 1
        return self.planned[number]

    def _plan(self, written: WrittenStage) -> Stage:
        start = written.start
        with self.at(start.line):
            name = self._globals.expand(start.image)
            if not name:
                raise Problem(
                    f"FROM {start.image} is empty: only an ARG before the first FROM sets its variables"
                )
            base = self.graph.base(name, written.number)
            platform = self._platform_of(start.platform)
        below = self.stage(base.stage) if base.kind == "stage" else None
        image = self._image(base.name, platform, start.line) if base.kind == "image" else None
        settings = ImageSettings.empty(platform)
        if below is not None:
            settings, platform = ImageSettings(below.tree), below.platform
        elif image is not None:
            settings = ImageSettings(image.tree)
        inherited = self._args[below.number] if below is not None else {}
        variables = StageVariables(self._globals, inherited, settings.config.get("Env") or ())
        steps = plan_steps(self._file, self.graph, written, settings, variables)
        self._args[written.number] = variables.args
        found = [origin for step in steps for origin in origins_of(step)]
        needs = self._needed([base, *found])
        return Stage(
            written.number, start.name, start.line, base, platform, image, steps, settings.tree, needs
        )

    def _image(self, name: str, platform: Platform, line: int) -> BaseImage:
        try:
            image = self._resolve(name, platform)
            check_config(image.tree, name)
            return image
        except ImageFailure as error:
            error.add_note(f"{self._file.name}:{line} needs it")
            raise

    def _needed(self, origins: list[Origin]) -> tuple[int, ...]:
        numbers = dict.fromkeys(origin.stage for origin in origins if origin.kind == "stage")
        for number in numbers:
            self.stage(number)
        return tuple(numbers)

    def _platform_of(self, text: str) -> Platform:
        """What `--platform` says, as written; without it, what the whole build is for. Raises Problem."""
        return parse_platform(self._globals.expand(text)) if text else self._platform
