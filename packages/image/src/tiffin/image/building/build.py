"""`build`: an image from a Dockerfile and a context, into a store. There is no daemon."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.building.bases import Bases
from tiffin.image.building.cache.local import LocalCache
from tiffin.image.building.cache.places import parse_place
from tiffin.image.building.cache.results import Results
from tiffin.image.building.cache.running import running
from tiffin.image.building.context.ignore import read_ignored
from tiffin.image.building.dockerfile.parse import parse
from tiffin.image.building.events import Numbers, nobody
from tiffin.image.building.execute.cache_folders import CacheFolders
from tiffin.image.building.execute.copy.downloads import Downloads
from tiffin.image.building.execute.layer_making import LayerMaker
from tiffin.image.building.execute.run.runner import Runner
from tiffin.image.building.finishing import finish, full_names
from tiffin.image.building.layers import Layers
from tiffin.image.building.options import EPOCH
from tiffin.image.building.progress import StepProgress
from tiffin.image.building.scheduling import build_stages
from tiffin.image.building.session import BuildSession
from tiffin.image.building.stages.plan import PlanOptions, plan
from tiffin.image.building.trees import ContextFolder
from tiffin.image.errors import InvalidArgument, InvalidImage, NotFound, PermissionDenied, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.cache.places import CachePlace
    from tiffin.image.building.dockerfile.instructions import Dockerfile
    from tiffin.image.building.events import Report
    from tiffin.image.building.finishing import Built
    from tiffin.image.building.history import BuiltStage
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.store.store import Store
    from tiffin.image.transports.access import Access

DOCKERFILES = ("Dockerfile", "Containerfile")
LAST = 253_402_300_799  # seconds since 1970: the last one of which RFC 3339 can tell


def build(options: BuildOptions, store: Store, report: Report = nobody) -> Built:
    """Builds an image.

    Args:
        options: what to build. store: where base images are found, and the image goes.
        report: takes the events, from several threads.

    Raises:
        DockerfileError: the Dockerfile is wrong. StepFailed: a step failed. Both have file and line.
        NotFound, InvalidArgument, InvalidReference: of the options. And what pulling base images raises.
    """
    file, dockerfile = read_dockerfile(options)
    full_names(options)  # a wrong one is told before the work
    contexts, epoch = _folders(options, file), _epoch(options)
    places = [parse_place(text) for text in options.cache_to]
    imports = [parse_place(text) for text in options.cache_from]
    with ExitStack() as stack:
        leased = stack.enter_context(store.leased())
        # of a new store it is tried which ones there can be, in a child: before there are threads
        _ = leased.snapshots
        numbers = Numbers()
        progress = StepProgress(report, numbers, "[internal] load build definition and base images")
        bases = Bases(leased, _images(options), options.pull, options.access, progress.output)
        for text in dockerfile.warnings:
            progress.warn(text)
        planned = plan(dockerfile, bases.resolve, _plan_options(options))
        for name in planned.unused_args:
            progress.warn(f"--build-arg {name}: no ARG asks for it")
        results = _results(imports, options.access, leased, progress, stack)
        progress.done()
        session = _session(
            options, leased, results, bases, stack, contexts, epoch, dockerfile.name, report, numbers
        )
        target = build_stages(session, planned)
        built = finish(session, planned.target, target)
        results.keep_taken()
        for place in places:
            _export(place, session, target, stack)
        return built


def _session(
    options: BuildOptions,
    leased: Store,
    results: Results,
    bases: Bases,
    stack: ExitStack,
    contexts: dict[str, ContextFolder],
    epoch: int | None,
    file: str,
    report: Report,
    numbers: Numbers,
) -> BuildSession:
    """What the stages share. file: the name of the Dockerfile."""
    folder = os.path.join(leased.root, "build")
    point = os.path.join(folder, "mount")
    os.makedirs(point, mode=0o700, exist_ok=True)
    maker = LayerMaker(leased, options.compression, options.level, epoch)
    return BuildSession(
        options,
        leased,
        cache=results,
        layers=Layers(leased, results),
        bases=bases,
        runner=stack.enter_context(Runner(point)),
        maker=stack.enter_context(maker),
        folders=CacheFolders.of(leased),
        downloads=stack.enter_context(Downloads(folder)),
        contexts=contexts,
        file=file,
        point=point,
        report=report,
        numbers=numbers,
    )


def _results(
    imports: list[CachePlace], access: Access | None, leased: Store, progress: StepProgress, stack: ExitStack
) -> Results:
    """The caches. One that cannot be had is told, and is no error: before the first build of all there is none.

    PermissionDenied is what some registries say of a repository that is not there yet.
    """
    stack.enter_context(running(leased.root))
    local = LocalCache(leased)
    stack.callback(local.close)
    imported = []
    for place in imports:
        from tiffin.image.building.cache.exchange import open_cache

        try:
            imported.append(open_cache(place, access, stack))
        except (NotFound, Unavailable, InvalidImage, PermissionDenied) as error:
            progress.warn(f"--cache-from {place.name}: {error}")
    return Results(leased, local, imported)


def _export(place: CachePlace, session: BuildSession, target: BuiltStage, stack: ExitStack) -> None:
    from tiffin.image.building.cache.exchange import export_cache

    progress = StepProgress(session.report, session.numbers, f"[internal] export the cache to {place.name}")
    document = session.cache.document(None if place.whole else target.layers)
    session.cache.bring(step.layer for step in document.steps.values() if step.layer is not None)
    export_cache(place.name, session.store, document, session.options.access, stack)
    progress.done()


def read_dockerfile(options: BuildOptions) -> tuple[str, Dockerfile]:
    """The path of the Dockerfile, "" if it is given as text; and what it says. Raises NotFound, DockerfileError."""
    if options.text is not None:
        return "", parse(options.text)
    names = (
        [options.dockerfile]
        if options.dockerfile
        else [os.path.join(options.context, one) for one in DOCKERFILES]
    )
    for path in names:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                return path, parse(file.read(), os.path.basename(path))
        except FileNotFoundError:
            continue
    raise NotFound(f"there is no {' or '.join(map(repr, names))}: say with --file where the Dockerfile is")


def _plan_options(options: BuildOptions) -> PlanOptions:
    return PlanOptions(
        options.build_args, options.target, options.platform, options.contexts.keys(), _images(options).keys()
    )


def _images(options: BuildOptions) -> dict[str, str]:
    """Those of the further contexts that are images."""
    return {name: value for name, value in options.contexts.items() if not os.path.isdir(value)}


def _folders(options: BuildOptions, file: str) -> dict[str, ContextFolder]:
    if not os.path.isdir(options.context):
        raise NotFound(f"the context {options.context!r} is no folder")
    found = {"": ContextFolder(os.path.abspath(options.context), read_ignored(options.context, file))}
    for name, value in options.contexts.items():
        if os.path.isdir(value):
            found[name] = ContextFolder(os.path.abspath(value), read_ignored(value))
    return found


def _epoch(options: BuildOptions) -> int | None:
    """Raises InvalidArgument."""
    text = options.build_args.get(EPOCH) or os.environ.get(EPOCH) or ""
    if options.source_date_epoch is not None:
        text = str(options.source_date_epoch)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LAST)) and int(text) <= LAST):
        raise InvalidArgument(f"{EPOCH} must be seconds since 1970, up to the year 9999; it is {text!r}")
    return int(text)
