"""`system verify` of a manager: reads all of its blobs, and says what is damaged or missing."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

from tiffin.cli.managed.opening import open_managed
from tiffin.cli.managed.system.look import look
from tiffin.cli.managed.system.stored import CONTENT
from tiffin.cli.system.verifying import tree_of
from tiffin.image.verification.finding import Finding, Kind
from tiffin.manager.client.transport.failures import DataLoss
from tiffin.runtime.errors import NotFound, OperationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.cli.managed.system.stored import Stored
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client


def main(arguments: Arguments) -> int:
    """Prints what it finds; 1 if that is anything."""
    with open_managed(arguments.address, arguments.namespace) as containers:
        stored = containers.loop.run(look)
        findings = [*containers.loop.run(lambda client: _damaged(client, stored)), *_missing(stored)]
    if arguments.switch("json"):
        print(json.dumps([tree_of(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(finding.text)
        blobs = sum(kind == CONTENT for kind, _ in stored.items)
        summary = f"{len(findings)} findings" if findings else "all is well"
        print(f"{blobs} blobs checked: {summary}", file=sys.stderr)
    return 1 if findings else 0


async def _damaged(client: Client, stored: Stored) -> list[Finding]:
    found = []
    for kind, digest in stored.items:
        if kind == CONTENT and (finding := await _read(client, digest)) is not None:
            found.append(finding)
    return found


async def _read(client: Client, digest: str) -> Finding | None:
    """What is wrong with a blob. One that went meanwhile is not."""
    hash_ = hashlib.new(digest.partition(":")[0])
    try:
        async for piece in client.content.read(digest):
            hash_.update(piece)
    except NotFound as error:
        return await _lost(client, digest, error)
    except (DataLoss, OperationFailed) as error:
        return _finding(Kind.BLOB_CHANGED, digest, f"cannot be read ({error})")
    if hash_.hexdigest() == digest.partition(":")[2]:
        return None
    return _finding(Kind.BLOB_CHANGED, digest, f"has the digest {hash_.name}:{hash_.hexdigest()} now")


async def _lost(client: Client, digest: str, error: NotFound) -> Finding | None:
    try:
        await client.content.info(digest)
    except NotFound:
        return None
    return _finding(Kind.BLOB_MISSING, digest, f"has no file any more ({error})")


def _finding(kind: Kind, digest: str, text: str) -> Finding:
    advice = f"`ctr content rm {digest}`, and pull the images again that have it"
    return Finding(kind, digest, "", f"blob {digest} {text}: {advice}")


def _missing(stored: Stored) -> Iterator[Finding]:
    """Images whose documents or layers are not there, as far as labels tell of them."""
    for name in stored.names:
        seen, waiting = set(), [(CONTENT, name.target)]
        while waiting:
            key = waiting.pop()
            if key in seen or key[0] != CONTENT:
                continue
            seen.add(key)
            item = stored.items.get(key)
            if item is None:
                text = f"image {name.name} lacks {key[1]}: pull it again"
                yield Finding(Kind.CONTENT_UNKNOWN, key[1], name.name, text)
            else:
                waiting += item.refers
