"""What refers to a manifest: by the API, or by the tag where the registry does not have that.

Source: distribution-spec, "Listing Referrers", "Referrers Tag Schema", "Unavailable Referrers API".
"""

from __future__ import annotations

from tiffin.image.documents import INDEXES, Descriptor, descriptor_of, tree_of
from tiffin.image.errors import InvalidImage, NotFound, Unsupported
from tiffin.image.registry import manifests
from tiffin.image.registry.paging import pages
from tiffin.spec.distribution import referrers_tag
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.image.registry.connection import Call, Connection

INDEX = INDEXES[0]


def referrers(connection: Connection, call: Call, digest: str, artifact_type: str) -> tuple[Descriptor, ...]:
    """The descriptors of all that has this manifest as its subject; of one type, if it is given.

    Raises:
        InvalidImage: the registry's list is none.
    """
    what = f"the referrers of {digest}"
    return tuple(
        descriptor_of(item, what)
        for item in _items(connection, call, digest, artifact_type)
        if not artifact_type or artifact_type_of(item) == artifact_type
    )


def add(connection: Connection, call: Call, descriptor: Descriptor, tree: dict[str, Any]) -> None:
    """Adds a manifest to the index under its subject's tag, for registries that do not do so themselves."""
    subject = tree["subject"]["digest"]
    entry: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
        "artifactType": tree.get("artifactType") or tree.get("config", {}).get("mediaType", ""),
        "annotations": tree.get("annotations", {}),
    }
    others = [item for item in _by_tag(connection, call, subject) if item.get("digest") != descriptor.digest]
    _store(connection, call, subject, [*others, {name: value for name, value in entry.items() if value}])


def remove(connection: Connection, call: Call, subject: str, digest: str) -> None:
    """Takes a deleted manifest out of such an index."""
    before = _by_tag(connection, call, subject)
    after = [item for item in before if item.get("digest") != digest]
    if len(after) != len(before):
        _store(connection, call, subject, after)


def subject_of(data: bytes, what: str) -> tuple[str, dict[str, Any]]:
    """The digest of a document's subject, "" if it has none, and the document. Raises InvalidImage."""
    tree = tree_of(data, what)
    if tree.get("subject") is None:
        return "", tree
    return descriptor_of(tree["subject"], f"{what}: subject").digest, tree


def artifact_type_of(item: object) -> object:
    """The type of a descriptor in such a list."""
    return item.get("artifactType") if isinstance(item, dict) else None


def _items(connection: Connection, call: Call, digest: str, artifact_type: str) -> list[Any]:
    query = (("artifactType", artifact_type),) if artifact_type else ()
    what = f"listing the referrers of {digest}"
    asked = call.replace(
        what=what, method="GET", path=f"/{call.repository}/referrers/{digest}", query=query,
        headers=(("Accept", INDEX),),
    )  # fmt: skip
    found: list[Any] = []
    try:
        for answer, tree in pages(connection, asked):
            if answer.media_type != INDEX:  # a registry of before, or a proxy, that answers everything
                return list(_by_tag(connection, call, digest))
            found += _list(tree, what)
    except (NotFound, Unsupported):
        return list(_by_tag(connection, call, digest))
    return found


def _by_tag(connection: Connection, call: Call, digest: str) -> list[dict[str, Any]]:
    tag = referrers_tag(digest)
    try:
        data, _ = manifests.fetch(connection, call, tag)
    except NotFound:
        return []
    return _list(tree_of(data, f"index {tag}"), f"index {tag}")


def _store(connection: Connection, call: Call, subject: str, items: list[dict[str, Any]]) -> None:
    data = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": items}).encode()
    tag = referrers_tag(subject)
    manifests.put(connection, call, tag, data, INDEX)


def _list(tree: dict[str, Any], what: str) -> list[dict[str, Any]]:
    items = tree.get("manifests") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidImage(f"{what}: manifests must be a list of descriptors")
    return items
