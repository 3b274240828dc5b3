"""Every error has a code, and a failed runtime the words that Docker looks for."""

from __future__ import annotations

import pytest

from tiffin.runtime import errors
from tiffin.shim.service.errors import CODES, code_of, rpc_error
from tiffin.ttrpc import Code


def kinds(of: type[errors.RuntimeFailure]) -> set[type[errors.RuntimeFailure]]:
    return {of}.union(*(kinds(kind) for kind in of.__subclasses__()))


def test_every_class_of_the_runtime_is_in_the_table() -> None:
    ours = {kind for kind in kinds(errors.RuntimeFailure) if kind.__module__ == errors.__name__}
    assert ours == set(CODES)


def test_a_subclass_has_the_code_of_its_class() -> None:
    class Gone(errors.NotFound):
        pass

    assert code_of(Gone("x")) == Code.NOT_FOUND


@pytest.mark.parametrize(
    ("verb", "text"), [("create", "OCI runtime create failed: no room"), ("", "no room")]
)
def test_the_runtime_s_own_failure_is_introduced(verb: str, text: str) -> None:
    error = rpc_error(errors.OperationFailed("no room"), verb)
    assert (error.code, error.message) == (Code.UNKNOWN, text)


def test_what_is_no_failure_of_the_runtime_is_told_as_it_is() -> None:
    error = rpc_error(errors.FailedPrecondition("it runs"), "delete")
    assert (error.code, error.message) == (Code.FAILED_PRECONDITION, "it runs")
