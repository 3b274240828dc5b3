"""Manifests and indexes of one repository at one host: resolve, get, put, delete.

Source: distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting Manifests".
"""

from __future__ import annotations

import io

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import INDEXES, MANIFESTS, MOST_BYTES, Descriptor, tree_of
from tiffin.image.errors import DigestMismatch, InvalidImage, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.connection import Call, Connection

ACCEPTED = (*MANIFESTS, *INDEXES)
_ACCEPT = ("Accept", ", ".join(ACCEPTED))
_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+"


def resolve(connection: Connection, call: Call, reference: str) -> tuple[Descriptor, bytes | None]:
    """What a tag or a digest is now, and the document if it had to be read for that.

    Raises:
        NotFound: there is none. DigestMismatch: it is not what the digest says.
        InvalidImage: the answer is no manifest. Unsupported: it is one of Docker's schema 1.
    """
    asked = _call(call, "HEAD", reference, expected=(200, 404, 405, 501))
    with connection.request(asked) as answer:
        if answer.status == 200 and (found := _described(answer, reference)):
            return found, None
    # a HEAD has no error document; and some registries do not know it, or say too little
    data, media_type = fetch(connection, call, reference)
    digest = reference if ":" in reference else digest_of(data)
    return Descriptor(media_type, digest, len(data), {}, None), data


def fetch(connection: Connection, call: Call, reference: str) -> tuple[bytes, str]:
    """The document under a tag or a digest, and its media type; it is what both digests say. Raises as `resolve`."""
    attempts = connection.attempts()
    what = f"manifest {reference}"
    with connection.request(_call(call, "GET", reference), attempts=attempts) as answer:
        data = answer.read_document(MOST_BYTES, what)
    for said in {reference if ":" in reference else "", answer.headers.get("Docker-Content-Digest", "")} - {
        ""
    }:
        found = digest_of(data, split_digest(said, what)[0])
        if found != said:
            raise DigestMismatch(f"{answer.where}: {what} should be {said}, and is {found}")
    return data, _kind(answer, data, what)


def put(connection: Connection, call: Call, reference: str, data: bytes, media_type: str) -> bool:
    """Stores a document under a tag or a digest; whether the registry says that it minds its `subject`.

    Raises:
        DigestMismatch: the registry has another digest for it. FailedPrecondition: it lacks a blob of it.
    """
    asked = _call(call, "PUT", reference, expected=(201, 202)).replace(
        headers=(("Content-Type", media_type),), open_body=lambda: io.BytesIO(data), length=len(data)
    )
    with connection.request(asked) as answer:
        said = answer.headers.get("Docker-Content-Digest", "")
        if said and said != digest_of(data, split_digest(said)[0]):
            raise DigestMismatch(f"{answer.where}: it stored manifest {reference} as {said}")
        return "OCI-Subject" in answer.headers


def delete(connection: Connection, call: Call, reference: str) -> None:
    """Deletes a manifest (by digest, with all its tags) or a tag. Raises NotFound, Unsupported."""
    try:
        connection.request(_call(call, "DELETE", reference, expected=(200, 202, 204))).close()
    except DigestMismatch as error:
        # what docker-registry 2 says to a tag: it takes digests only
        raise Unsupported(
            f"{error}; this registry deletes by digest only, which takes all its tags"
        ) from error


def _call(call: Call, method: str, reference: str, expected: tuple[int, ...] = (200,)) -> Call:
    verb = {"HEAD": "finding", "GET": "reading", "PUT": "pushing", "DELETE": "deleting"}[method]
    return call.replace(
        what=f"{verb} manifest {reference} of {call.repository}",
        method=method,
        path=f"/{call.repository}/manifests/{reference}",
        expected=expected,
        headers=(_ACCEPT,),
    )


def _described(answer: Answer, reference: str) -> Descriptor | None:
    """What the headers say; None if they do not say enough."""
    digest = answer.headers.get("Docker-Content-Digest", "")
    if answer.media_type not in ACCEPTED or answer.length is None or not digest:
        return None
    split_digest(digest, answer.where)
    if ":" in reference and digest != reference:
        raise DigestMismatch(f"{answer.where}: asked for {reference}, it has {digest}")
    return Descriptor(answer.media_type, digest, answer.length, {}, None)


def _kind(answer: Answer, data: bytes, what: str) -> str:
    """The media type: that of the header, else that of the document."""
    if answer.media_type in ACCEPTED:
        return answer.media_type
    if answer.media_type.startswith(_SCHEMA1):
        raise Unsupported(
            f"{answer.where}: {what} is of Docker's old schema 1: push the image again by a newer tool"
        )
    if answer.media_type == "text/html":
        raise InvalidImage(f"{answer.where}: {what} is a page for people (text/html): is this a registry?")
    tree = tree_of(data, f"{answer.where}: {what}")
    own = tree.get("mediaType") or (INDEXES[0] if "manifests" in tree else MANIFESTS[0])
    if own not in ACCEPTED:
        raise InvalidImage(f"{answer.where}: {what} is of the type {str(own)[:100]!r}")
    return str(own)
