"""Out-of-memory events of containers, as the kernel tells them: nobody polls."""

from .watcher import OomWatcher

__all__ = ["OomWatcher"]
