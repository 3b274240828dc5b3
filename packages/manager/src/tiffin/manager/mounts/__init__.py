"""Mounts that must be made before a client can make the rest, which it can then do by itself.

`manager` has them, `activation` is one, as it stands on disk, `planning` says which mounts are ours to make,
`transforms` fills in what is known only then.

Source: containerd's core/mount/manager.
"""
