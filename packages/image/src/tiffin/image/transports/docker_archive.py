"""What `docker save`, `podman save --format docker-archive` and skopeo's `docker-archive:` write, old and new.

`manifest.json` lists the images: [{"Config": path, "RepoTags": [...], "Layers": [paths]}]. No digest of a stored
layer is known; the config has the diff_ids, and is itself named after its digest.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tiffin.image.digest import digest_of
from tiffin.image.documents import MOST_BYTES, Platform, config_of
from tiffin.image.errors import DigestMismatch, InvalidImage, InvalidReference, NotFound
from tiffin.image.image import Image, Layer
from tiffin.image.platforms import rank
from tiffin.image.transports.folder import opener, read_document
from tiffin.spec.json_tree import JSONError, decode

if TYPE_CHECKING:
    from tiffin.image.documents import ImageConfig
    from tiffin.image.transports.folder import Files


def read_docker_archive(files: Files, tag: str, platform: Platform, name: str) -> Image:
    """Finds an image in a docker-archive.

    Args:
        files: the archive.
        tag: `NAME:TAG`, a tag, `@INDEX` (from 0), or "" if there is but one.
        platform: what it must run on.
        name: what a person called it.

    Raises:
        NotFound, InvalidReference, InvalidImage: as `open_image`.
    """
    entry = selected_entry(archive_entries(files), tag, name)
    config = archive_config(files, entry)[0]
    if rank(config.platform, platform) is None:
        found = f"{config.platform.os}/{config.platform.architecture}"
        raise NotFound(f"{name!r} is for {found}, not for {platform.os}/{platform.architecture}")
    if len(config.diff_ids) != len(entry["Layers"]):
        raise InvalidImage(f"{name!r}: {len(entry['Layers'])} layers, the config has {len(config.diff_ids)}")
    layers = (
        Layer(diff_id, None, None, opener(files, path))
        for diff_id, path in zip(config.diff_ids, entry["Layers"], strict=True)
    )
    return Image(name, config, tuple(layers))


def archive_config(files: Files, entry: dict[str, Any]) -> tuple[ImageConfig, bytes]:
    """The config of an entry, and its text. Raises DigestMismatch if its file is named after another digest."""
    data = read_document(files, entry["Config"])
    digest = digest_of(data)
    named = os.path.basename(entry["Config"]).removesuffix(".json")
    if len(named) == 64 and not named.strip("0123456789abcdef") and digest != f"sha256:{named}":
        raise DigestMismatch(f"{entry['Config']!r} in {files.name!r} is damaged or forged: it is {digest}")
    return config_of(data, digest, f"config {entry['Config']!r}"), data


def archive_entries(files: Files) -> list[dict[str, Any]]:
    """manifest.json, checked."""
    if not files.has("manifest.json"):
        raise InvalidImage(f"{files.name!r} is no image: it has neither oci-layout nor manifest.json")
    try:
        tree = decode(read_document(files, "manifest.json"), size_limit=MOST_BYTES)
    except JSONError as error:
        raise InvalidImage(f"manifest.json in {files.name!r} is no JSON: {error}") from error
    if not isinstance(tree, list) or not all(_is_entry(item) for item in tree):
        raise InvalidImage(f"manifest.json in {files.name!r} must be a list of Config, RepoTags and Layers")
    return tree


def _is_entry(item: object) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("Config"), str):
        return False
    lists = (item.get("Layers"), item.get("RepoTags") or [])
    return all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in lists)


def selected_entry(entries: list[dict[str, Any]], tag: str, name: str) -> dict[str, Any]:
    known = [entry_tag for entry in entries for entry_tag in entry.get("RepoTags") or ()]
    if tag.startswith("@") and tag[1:].isdigit():
        found = entries[int(tag[1:]) :][:1]
    elif tag:
        found = [entry for entry in entries if any(_means(tag, full) for full in entry.get("RepoTags") or ())]
    else:
        found = entries
    if not found:
        raise NotFound(
            f"{name!r}: there is no such image; there are: {', '.join(known) or 'none with a name'}"
        )
    if len(found) > 1:
        raise InvalidReference(f"{name!r} holds several images, add one of these: {', '.join(known)}")
    return found[0]


def _means(tag: str, full: str) -> bool:
    """Whether `tag` is this name, with or without Docker's defaults, or only its last part."""
    short = full.removeprefix("docker.io/").removeprefix("library/").removeprefix("localhost/")
    return tag in (full, short, short.removesuffix(":latest"), full.rpartition(":")[2])
