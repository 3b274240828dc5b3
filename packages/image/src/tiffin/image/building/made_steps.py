"""`MadeSteps`: the steps of a stage that were carried out, while their layers are being made."""

from __future__ import annotations

from tiffin.image.building.cache.records import BuiltLayer, CachedStep
from tiffin.image.building.failure import StepFailed
from tiffin.image.building.layers import chain_of
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Any

    from tiffin.image.building.stages.steps import Step


class _Made(Record):
    """entry: in the image's history. layer: its result is None if no files were changed."""

    key: str
    step: Step
    entry: dict[str, Any]
    layer: Future[BuiltLayer | None]


class MadeSteps:
    """Args: file: the Dockerfile's name."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._made: list[_Made] = []

    def add(self, key: str, step: Step, entry: dict[str, Any], layer: Future[BuiltLayer | None]) -> None:
        """A step that has ended."""
        self._made.append(_Made(key, step, entry, layer))

    def check(self) -> None:
        """Raises StepFailed if a layer is known to have failed."""
        for made in self._made:
            if made.layer.done():
                self._raise(made)

    def check_all(self) -> None:
        """Waits for all layers. Raises StepFailed: one could not be made."""
        for made in self._made:
            self._raise(made)

    def _raise(self, made: _Made) -> None:
        error = made.layer.exception()
        if error is not None:
            problem = f"its layer cannot be made: {error}"
            raise StepFailed(problem, file=self._file, line=made.step.line) from error

    def results(self, layers: list[BuiltLayer]) -> dict[str, CachedStep]:
        """Waits for the layers; what came of each step, by its key, up to the first one whose layer failed.

        Args:
            layers: what the first step stands on; the new layers are added.
        """
        found: dict[str, CachedStep] = {}
        for made in self._made:
            if made.layer.exception() is not None:
                break
            parent, layer = chain_of(layers), made.layer.result()
            found[made.key] = CachedStep(parent, layer, made.entry["created"])
            if layer is None:
                made.entry["empty_layer"] = True
            else:
                layers.append(layer)
        return found
