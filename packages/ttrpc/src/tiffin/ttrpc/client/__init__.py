"""The client: `client` makes calls, `stream` is one with many messages, `connection` sorts what comes."""

from __future__ import annotations

from tiffin.ttrpc.client.client import Client
from tiffin.ttrpc.client.stream import Stream

__all__ = ["Client", "Stream"]
