"""Snapshots of file trees: the protocol (`protocol.py`), and the snapshotters `overlayfs` and `native`."""
