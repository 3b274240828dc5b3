"""Lists that come in pages: tags, repositories, referrers. Source: distribution-spec, "Listing Tags"; RFC 8288."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from tiffin.image.documents import tree_of
from tiffin.image.errors import InvalidImage
from tiffin.image.registry.wire import same_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.connection import Call, Connection

MOST_PAGES = 100_000
PAGE_BYTES = 4 * 1024 * 1024
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^,;]+)*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?next\"?\s*(?:;|$)", re.IGNORECASE)


def pages(connection: Connection, call: Call) -> Iterator[tuple[Answer, dict[str, Any]]]:
    """The answers with their documents, page by page; an answer is closed already, but has its headers.

    Raises:
        InvalidImage: a page is no JSON object, leads to another server, or in a circle.
    """
    seen: set[str] = set()
    at = call
    while True:
        with connection.request(at) as answer:
            data = answer.read_document(PAGE_BYTES, call.what)
        yield answer, tree_of(data, f"{connection.host.name}: {call.what}")
        link = next_page(answer)
        if not link:
            return
        if link in seen or len(seen) > MOST_PAGES or not same_origin(link, answer.url):
            raise InvalidImage(f"{connection.host.name}: {call.what}: the next page, {link[:200]!r}, is none")
        seen.add(link)
        at = call.replace(path=link, query=())


def next_page(answer: Answer) -> str:
    """The address of the next page; "" if this is the last."""
    for url, parameters in _LINK.findall(answer.headers.get("Link", "")[: 16 * 1024]):
        if _NEXT.search(parameters):
            return urljoin(answer.url, str(url))
    return ""


def strings(tree: dict[str, Any], name: str, what: str) -> list[str]:
    """A list of strings; registries say null for an empty one. Raises InvalidImage."""
    items = tree.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidImage(f"{what}: {name} must be a list of strings")
    return items
