"""Containers of a manager, by its socket: tiffind, or any containerd. Only here are asyncio and gRPC imported.

opening.py      from an address to `ManagedContainers`; loop.py: its event loop, and what is said of a manager's errors
containers.py   `ManagedContainers`: the port of the verbs
making.py       run: lease, snapshot, config (spec.py), folder (folder.py), container; starting.py: its task
executing.py    exec; attaching.py: attach; both by `tiffin.cli.attending`
ending.py       stop, rm
pids.py         whether a manager's pids are ours, which cp, top, logs --follow and exec --user ask
listing.py, images.py, logs.py, metrics.py, happenings.py   what ps, inspect, images, logs, stats and events show
"""
