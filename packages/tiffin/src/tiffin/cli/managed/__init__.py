"""Containers of a manager, by its socket: tiffind, or any containerd. Only here are asyncio and gRPC imported.

opening.py      a socket to `ManagedContainers`, with its errors
containers.py   `ManagedContainers`: the port of the verbs
processes.py    exec and attach: streams, terminal, signals (streaming/)
making.py       run: snapshot, config, task
"""
