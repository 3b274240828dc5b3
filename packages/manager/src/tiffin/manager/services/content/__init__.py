"""The service `content`: blobs by digest, read and written in streams. `writing` is an open ingest of a client."""

from tiffin.manager.services.content.service import service

__all__ = ["service"]
