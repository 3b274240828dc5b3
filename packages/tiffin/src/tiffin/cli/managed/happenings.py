"""Events of a manager as JSON trees."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from google.protobuf import symbol_database
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import google.protobuf.any_pb2
    from google.protobuf.message import Message

    from tiffin.manager.client.client import Client

KINDS = ("container", "content", "image", "namespace", "sandbox", "snapshot", "task")
OPERATOR = re.compile(r"==|!=|~=")


async def events(client: Client, filters: Sequence[str]) -> AsyncIterator[dict[str, object]]:
    """Those of the client's namespace from now on, or those that a filter names, whatever their namespace."""
    for kind in KINDS:
        importlib.import_module(f"tiffin.api.containerd.events.{kind}_pb2")
    wanted = [_filter(text, client.session.namespace) for text in filters]
    async for event in client.events.subscribe(wanted or [f"namespace=={client.session.namespace}"]):
        at = datetime.fromtimestamp(event.timestamp // 1_000_000_000, UTC).replace(tzinfo=None)
        yield {
            "time": f"{at.isoformat()}.{event.timestamp % 1_000_000_000:09}Z",
            "namespace": event.namespace,
            "topic": event.topic,
            "event": _tree(event.message),
        }


def _filter(text: str, namespace: str) -> str:
    """A topic alone is one in our namespace."""
    return text if OPERATOR.search(text) else f'namespace=={namespace},topic=="{text}"'


def _tree(value: google.protobuf.any_pb2.Any) -> dict[str, object]:
    """Its fields; of what somebody else tells only the type, if it is another message, holds one, or is none."""
    name = value.type_url.rpartition("/")[2]
    try:
        message: Message = symbol_database.Default().GetSymbol(name)()
        message.ParseFromString(value.value)
        return MessageToDict(message, preserving_proto_field_name=True)
    except (KeyError, TypeError, DecodeError):
        return {"type": name}
