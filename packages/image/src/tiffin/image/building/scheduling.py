"""`build_stages`: the stages of a plan, each in a thread of its own; one waits for another only where it needs it."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from tiffin.image.attentive import wait_for_all
from tiffin.image.building.execute.run.runner import Cancelled
from tiffin.image.building.history import BuiltStage
from tiffin.image.building.stage_building import StageBuilding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.session import BuildSession
    from tiffin.image.building.stages.plan import Plan
    from tiffin.image.building.stages.steps import Stage


def build_stages(session: BuildSession, plan: Plan) -> BuiltStage:
    """Builds all stages; returns the target.

    Raises:
        StepFailed: of the first stage that failed; the others are given up. KeyboardInterrupt: they are given up, too.
    """
    futures: dict[int, Future[BuiltStage]] = {stage.number: Future() for stage in plan.stages}

    def built(number: int) -> BuiltStage:
        try:
            return futures[number].result()
        except BaseException as error:
            raise Cancelled("a stage that is needed was not built") from error

    def build(stage: Stage) -> None:
        future = futures[stage.number]
        try:
            future.set_result(StageBuilding(session, stage, built).run())
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
            session.give_up()
            future.set_exception(error)

    threads = [
        threading.Thread(target=build, args=[stage], name=f"tiffin-{stage.title}") for stage in plan.stages
    ]
    started: list[threading.Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
        wait_for_all(futures.values())
    except BaseException:
        session.give_up()
        raise
    finally:
        never_begun = plan.stages[len(started) :]  # as there can be no more threads
        for stage in never_begun:
            futures[stage.number].set_exception(Cancelled("the build was given up"))
        for thread in started:
            thread.join()
    failures = [error for future in futures.values() if (error := future.exception()) is not None]
    for error in failures:
        if not isinstance(error, Cancelled):
            raise error
    return futures[plan.target.number].result()
