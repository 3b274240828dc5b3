"""What a registry's refusal means: its status and the codes of its error document become one of our errors.

Decided by status and code (distribution-spec, "Error Codes"); the text of a registry is shown and never looked at.
"""

from __future__ import annotations

from tiffin.image.errors import (
    DigestMismatch,
    FailedPrecondition,
    ImageFailure,
    InvalidImage,
    InvalidReference,
    NotFound,
    PermissionDenied,
    Unavailable,
    Unsupported,
)
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.registry.answer import Answer

MOST_BYTES = 64 * 1024  # of an error document
MOST_TEXT = 300

RETRIED = frozenset({408, 429, 500, 502, 503, 504})

# codes say more than the status, where they are these
_BY_CODE: dict[str, type[ImageFailure]] = {
    "BLOB_UNKNOWN": NotFound,
    "BLOB_UPLOAD_INVALID": FailedPrecondition,
    "BLOB_UPLOAD_UNKNOWN": NotFound,
    "DIGEST_INVALID": DigestMismatch,
    "MANIFEST_BLOB_UNKNOWN": FailedPrecondition,
    "MANIFEST_INVALID": InvalidImage,
    "MANIFEST_UNKNOWN": NotFound,
    "NAME_INVALID": InvalidReference,
    "NAME_UNKNOWN": NotFound,
    "SIZE_INVALID": DigestMismatch,
    "UNAUTHORIZED": PermissionDenied,
    "DENIED": PermissionDenied,
    "UNSUPPORTED": Unsupported,
    "TOOMANYREQUESTS": Unavailable,
}
_BY_STATUS: dict[int, type[ImageFailure]] = {
    401: PermissionDenied,
    403: PermissionDenied,
    404: NotFound,
    405: Unsupported,
    407: PermissionDenied,
    410: NotFound,
    413: Unsupported,
    501: Unsupported,
    505: Unsupported,
}
_ADVICE: dict[int, str] = {
    401: "log in with `tiffin-image login {host}`, or check the user and the password",
    403: "this user may not do that: check the name, or ask the registry's owner for access",
    405: "the registry does not allow it (docker-registry: storage.delete.enabled, or it is a read-only mirror)",
    407: "the proxy asks for credentials: put them into HTTPS_PROXY",
    413: "a proxy before the registry has a limit: push in chunks, or raise it",
    429: "its limit is reached: wait, log in with `tiffin-image login {host}`, or use a mirror",
}


class Problem(Record):
    """A refusal. codes: of the error document, if there was one. text: the registry's own, made harmless."""

    status: int
    codes: tuple[str, ...]
    text: str


def problem_of(answer: Answer) -> Problem:
    """Reads the error document of an answer, as far as there is one, and closes the answer."""
    with answer:
        data = answer.read_start(MOST_BYTES)
    errors = list(_errors(data))
    codes = tuple(code for code, _ in errors)
    return Problem(answer.status, codes, "; ".join(filter(None, (text for _, text in errors))))


def error_of(problem: Problem, what: str, host: str) -> ImageFailure:
    """The error for a refusal.

    Args:
        what: what was asked for, for the message.
        host: who refused.
    """
    kind = _kind(problem)
    words = f"{host}: {what}: status {problem.status}"
    if problem.codes:
        words += f" {', '.join(problem.codes)}"
    if problem.text:
        words += f" ({shown(problem.text)})"
    advice = _ADVICE.get(problem.status, "")
    return kind(words + (f"; {advice.format(host=host)}" if advice else ""))


def shown(text: str) -> str:
    """A text from outside as it can be printed: in one line, short, with nothing that a terminal obeys."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: MOST_TEXT + 1])
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]}..."


def _kind(problem: Problem) -> type[ImageFailure]:
    if problem.status >= 500 and problem.status not in _BY_STATUS:
        return Unavailable
    if problem.status in (401, 429, 408):
        return _BY_STATUS.get(problem.status, Unavailable)
    for code in problem.codes:
        if code in _BY_CODE:
            return _BY_CODE[code]
    return _BY_STATUS.get(problem.status, FailedPrecondition)


def _errors(data: bytes) -> Iterator[tuple[str, str]]:
    """Code and text of each error of a document; none if it is no such document (a proxy's HTML page)."""
    try:
        tree = decode(data)
    except JSONError:
        return
    errors = tree.get("errors") if isinstance(tree, dict) else None
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict) and isinstance(error.get("code"), str):
            message = error.get("message")
            yield shown(error["code"])[:64], message if isinstance(message, str) else ""
