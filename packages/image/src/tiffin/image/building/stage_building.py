"""`StageBuilding`: one stage, built by a thread of its own, step by step: from the cache as far as it goes."""

from __future__ import annotations

import secrets
from contextlib import ExitStack

from tiffin.image.building.cache.keys import digest_of_tree, start_key, step_key
from tiffin.image.building.cache.records import BuiltLayer
from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.run.runner import Cancelled
from tiffin.image.building.execute.run_step import RunRequests
from tiffin.image.building.execute.space import Space
from tiffin.image.building.failure import StepFailed
from tiffin.image.building.history import BuiltStage, entry_of, history_of
from tiffin.image.building.layers import chain_of
from tiffin.image.building.made_steps import MadeSteps
from tiffin.image.building.progress import StepProgress
from tiffin.image.building.read_files import changed, digests_of, now_of_files
from tiffin.image.building.stages.steps import CopyStep, RunStep, Step
from tiffin.image.building.trees import Trees
from tiffin.image.errors import ImageFailure, Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.image.building.execute.stage_tree import StageTree
    from tiffin.image.building.execute.steps import Tools
    from tiffin.image.building.session import BuildSession
    from tiffin.image.building.stages.steps import Stage


class StageBuilding:
    """Args: session: what all stages share. built: gives another stage, once it is there."""

    def __init__(self, session: BuildSession, stage: Stage, built: Callable[[int], BuiltStage]) -> None:
        self._session = session
        self._stage = stage
        self._built = built
        self._space = Space(session.point)
        shared = (session.store, session.cache, session.layers, session.bases, session.contexts)
        self._trees = Trees(
            *shared, stage.platform, lambda number: built(number).layers, self._space, session.downloads
        )
        self._requests = RunRequests(session.options, session.folders, self._trees, session.pause)
        self._key = ""
        self._layers: list[BuiltLayer] = []
        self._history: list[dict[str, Any]] = []
        self._tree: StageTree | None = None
        self._made = MadeSteps(session.file)

    def run(self) -> BuiltStage:
        """Builds it.

        Raises:
            StepFailed: a step failed. Cancelled: another stage did. What was done till then is in the cache.
        """
        self._start()
        try:
            steps = [self._possible(step) for step in self._stage.steps]
            total, number = sum(type(step) is not Step for step in steps), 0
            for step in steps:
                if type(step) is Step:
                    self._history.append({**entry_of(step), "empty_layer": True})
                else:
                    number += 1
                    self._step(step, f"{number}/{total}")
        except BaseException as error:
            self._save(error)
            raise
        self._save(None)
        self._made.check_all()
        return BuiltStage(self._key, tuple(self._layers), tuple(self._history))

    def _start(self) -> None:
        """Begins with what the stage is based on."""
        base, image = self._stage.base, self._stage.image
        if base.kind == "stage":
            below = self._built(base.stage)
            self._key, self._layers = below.key, list(below.layers)
            self._history = [dict(entry) for entry in below.history]
            return
        if image is not None:
            self._layers = list(map(BuiltLayer, image.diff_ids, image.layers))
            self._history = history_of(image)
        self._key = start_key(chain_of(self._layers), self._stage.platform, self._session.source_date_epoch)

    def _possible(self, step: Step) -> Step:
        """Without `--link` where a snapshot holds the whole tree: there it would be no layer of its own."""
        linked = isinstance(step, CopyStep) and step.link
        return step.replace(link=False) if linked and not self._session.store.snapshots.stacks else step

    def _step(self, step: Step, number: str) -> None:
        self._session.check()
        self._made.check()
        title = f"[{self._stage.title} {number}] {step.text}"
        progress = StepProgress(self._session.report, self._session.numbers, title)
        try:
            alone = isinstance(step, CopyStep) and step.link
            since = now_of_files(self._session.begun)
            hosts = self._session.options.hosts if isinstance(step, RunStep) else ()
            key = step_key(self._key, step, [*digests_of(self._trees, step), *hosts])
            if self._is_cached(key, step, alone=alone):
                progress.cached()
            else:
                key = self._execute(key, step, progress, since, alone=alone)
                progress.done()
        except (Problem, ImageFailure, OSError) as error:
            failure = self._failure(step, error)
            progress.failed(str(failure))
            raise failure from error
        self._key = key

    def _failure(self, step: Step, error: Exception) -> ImageFailure:
        if isinstance(error, (StepFailed, Cancelled)):
            return error
        if isinstance(error, Stopped):  # another stage failed, or whoever waits has had enough
            return Cancelled(str(error))
        return StepFailed(str(error), file=self._session.file, line=step.line)

    def _is_cached(self, key: str, step: Step, *, alone: bool) -> bool:
        """Takes a step's result from the cache, if it is there.

        After the first step that is carried out, only what fits on top of anything (`alone`) is taken: of the others
        nobody knows yet whether they stand on the same files.
        """
        if not self._session.options.use_cache or (self._tree is not None and not alone):
            return False
        found = self._session.cache.find(key, None if alone else chain_of(self._layers))
        if found is None:
            return False
        if self._tree is not None and found.layer is not None:
            self._session.layers.bring([found.layer])
            entry: dict[str, Any] = {"created": found.created, **entry_of(step)}
            self._history.append(entry)
            self._made.add(key, step, entry, self._tree.put(found.layer))
            return True
        self._add(step, found.layer, found.created)
        return True

    def _add(self, step: Step, layer: BuiltLayer | None, created: str) -> None:
        entry: dict[str, Any] = {"created": created, **entry_of(step)}
        if layer is None:
            entry["empty_layer"] = True
        else:
            self._layers.append(layer)
        self._history.append(entry)

    def _execute(self, key: str, step: Step, progress: StepProgress, since: int, *, alone: bool) -> str:
        """Carries a step out. Returns its key: another one, which nobody comes to again, if files were changed."""
        from tiffin.image.building.execute.steps import carry_out

        tree = self._grown()
        written = tree.begin(alone=alone)
        try:
            with ExitStack() as stack:
                carry_out(self._tools(tree), step, written, progress, stack)
                if changed(self._trees, step, since):
                    progress.warn(
                        "files were changed while they were read: what came of it is not used again"
                    )
                    key = digest_of_tree([key, secrets.token_hex()])
        except BaseException:
            tree.abandon()
            raise
        entry: dict[str, Any] = {"created": self._session.now(), **entry_of(step)}
        self._history.append(entry)
        self._made.add(key, step, entry, tree.end(alone=alone))
        return key

    def _tools(self, tree: StageTree) -> Tools:
        from tiffin.image.building.execute.steps import Tools

        session = self._session
        shared = (session.file, session.runner, self._requests, self._trees, session.downloads)
        return Tools(*shared, point=self._space.folder("root"), scratch=tree.scratch)

    def _grown(self) -> StageTree:
        """The tree that steps write to; begun when the cache has no more."""
        if self._tree is None:
            from tiffin.image.building.execute.stage_tree import StageTree

            self._session.layers.unpack(self._stage.title, self._layers)
            diff_ids = tuple(layer.diff_id for layer in self._layers)
            self._tree = StageTree(self._session.store, self._session.maker, diff_ids)
        return self._tree

    def _save(self, failure: BaseException | None) -> None:
        """Commits what was done, and notes it in the cache; after a failure, too."""
        if self._tree is None:
            return
        try:
            self._tree.commit()
            self._session.cache.add(self._made.results(self._layers))
        except (ImageFailure, OSError) as error:
            if failure is None:
                raise
            failure.add_note(f"what was done before is not in the cache: {error}")
        finally:
            self._tree.discard()
