"""The bodies: errors, tags, the catalog. That of the referrers API is an image index (`image.Index`)."""

from __future__ import annotations

from typing import Any, ClassVar

from tiffin.spec.model import Model


class ErrorInfo(Model, kw_only=True):
    """One error; `detail` is whatever the registry likes."""

    SECTION: ClassVar[str] = "spec.md: Error Codes"
    code: str
    message: str | None = None
    detail: Any = None


class ErrorResponse(Model, kw_only=True):
    """The body of an answer with a status of 400 or above."""

    SECTION: ClassVar[str] = "spec.md: Error Codes"
    errors: list[ErrorInfo]


class TagList(Model, kw_only=True):
    """The answer of /v2/NAME/tags/list; registries say null for no tags."""

    SECTION: ClassVar[str] = "spec.md: Listing Tags"
    name: str
    tags: list[str] | None = None


class RepositoryList(Model, kw_only=True):
    """The answer of /v2/_catalog."""

    SECTION: ClassVar[str] = "extensions: catalog"
    repositories: list[str] | None = None
