"""References to images, such as `debian:12` or `registry.example:5000/team/app@sha256:...`.

The grammar is that of github.com/distribution/reference, with Docker's defaults: domain docker.io, library/ for
names of one part there, tag latest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tiffin.spec.digest import Digest, InvalidDigest

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
OFFICIAL = "library/"
PATH_LIMIT = 255

_LEGACY_DOMAIN = "index.docker.io"
_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])"
_DOMAIN = rf"{_HOST}(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_PART}(?:/{_PART})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_VALID_TAG = re.compile(_TAG)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


class InvalidReference(ValueError):
    """A text that is no reference to an image."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository, `domain`/`path`, and in it a tag or a digest, both, or neither."""

    domain: str
    path: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that `text` is, in full, but without a default tag: see `with_default_tag`.

        Raises InvalidReference, which says why.
        """
        if _IDENTIFIER.fullmatch(text):
            raise InvalidReference(f"{text} is an image's id, not a name")
        domain, rest = _split(text)
        name = rest.partition("@")[0].partition(":")[0]
        if name != name.lower():
            raise InvalidReference(f"the name of a repository, {name!r}, must be in lower case")
        match = _REFERENCE.fullmatch(f"{domain}/{rest}")
        if match is None:
            raise InvalidReference(f"{text[:300]!r} is not of the form [domain/]path[:tag][@digest]")
        if len(match["path"]) > PATH_LIMIT:
            raise InvalidReference(f"the name of a repository has at most {PATH_LIMIT} characters")
        try:
            digest = Digest.parse(match["digest"]) if match["digest"] else None
        except InvalidDigest as error:
            raise InvalidReference(f"{text[:300]!r}: {error}") from None
        return cls(match["domain"], match["path"], match["tag"] or "", digest)

    @classmethod
    def parse_docker(cls, text: str) -> Reference:
        """As containerd and CRI read it: always with a tag or a digest; if it has both, the digest alone counts."""
        reference = cls.parse(text)
        return replace(reference, tag="") if reference.digest else reference.with_default_tag()

    @property
    def name(self) -> str:
        """The repository: domain and path."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as Docker shows it, without what is the default."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix(OFFICIAL)
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """The reference as Docker shows it."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def with_default_tag(self) -> Reference:
        """With the tag `latest` if it has neither tag nor digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def with_tag(self, tag: str) -> Reference:
        """With another tag. Raises InvalidReference."""
        if not _VALID_TAG.fullmatch(tag):
            raise InvalidReference(f"{tag[:200]!r} is no tag: at most 128 letters, digits, and of _ . -")
        return replace(self, tag=tag)

    def with_digest(self, digest: Digest | None) -> Reference:
        """With another digest, or none."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        return self.name + self._suffix


def _split(text: str) -> tuple[str, str]:
    """Domain and the rest. What comes before the first slash is only a domain if it looks like one."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, OFFICIAL + text
    if first == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    elif first == "localhost" or "." in first or ":" in first or first != first.lower():
        domain = first
    else:
        domain, rest = DEFAULT_DOMAIN, text
    if domain == DEFAULT_DOMAIN and "/" not in rest:
        rest = OFFICIAL + rest
    return domain, rest
