"""distribution-spec 1.1: the JSON bodies of a registry's answers. The structs are loaded on first use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.distribution.bodies import ErrorInfo as ErrorInfo
    from tiffin.spec.distribution.bodies import ErrorResponse as ErrorResponse
    from tiffin.spec.distribution.bodies import RepositoryList as RepositoryList
    from tiffin.spec.distribution.bodies import TagList as TagList

__all__ = ["ERROR_CODES", "ErrorInfo", "ErrorResponse", "RepositoryList", "TagList", "referrers_tag"]

ERROR_CODES = {
    "BLOB_UNKNOWN": "blob unknown to registry",
    "BLOB_UPLOAD_INVALID": "blob upload invalid",
    "BLOB_UPLOAD_UNKNOWN": "blob upload unknown to registry",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_BLOB_UNKNOWN": "manifest references a manifest or blob unknown to registry",
    "MANIFEST_INVALID": "manifest invalid",
    "MANIFEST_UNKNOWN": "manifest unknown to registry",
    "NAME_INVALID": "invalid repository name",
    "NAME_UNKNOWN": "repository name not known to registry",
    "SIZE_INVALID": "provided length did not match content length",
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "UNSUPPORTED": "the operation is unsupported",
    "TOOMANYREQUESTS": "too many requests",
}
"""spec.md, Error Codes: code to its meaning."""

_BODIES = ("ErrorInfo", "ErrorResponse", "RepositoryList", "TagList")


def referrers_tag(digest: str) -> str:
    """Where a registry without the referrers API has the index of them (spec.md, Referrers Tag Schema)."""
    algorithm, _, encoded = digest.partition(":")
    tag = f"{algorithm[:32]}-{encoded[:64]}"
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in tag
    )


def __getattr__(name: str) -> object:
    if name in _BODIES:
        value: object = getattr(__import__("tiffin.spec.distribution.bodies", fromlist=(name,)), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
