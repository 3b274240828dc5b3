"""`StepFailed`: a step of a Dockerfile that could not be carried out."""

from __future__ import annotations

from tiffin.image.errors import ImageFailure


class StepFailed(ImageFailure):
    """Args: problem: what went wrong. file, line: where the step stands. exit_code: of its command, if it has one."""

    def __init__(self, problem: str, *, file: str, line: int, exit_code: int | None = None) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.problem = problem
        self.file = file
        self.line = line
        self.exit_code = exit_code
