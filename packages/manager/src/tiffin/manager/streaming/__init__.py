"""Streams that a client opens first, and another call then uses by their names: progress, archives, passwords.

`streams` knows them by name, `stream` is one, `blocking` reads and writes bytes on one from a thread.

Source: containerd's core/streaming and core/transfer/streaming.
"""
