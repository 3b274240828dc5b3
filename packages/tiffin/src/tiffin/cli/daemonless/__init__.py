"""Containers with no daemon: folders in the store, executed by a runtime, in the background under a monitor.

containers.py   `DaemonlessContainers`: the port of the verbs
monitored.py    what a container's monitor has recorded; waiting for its end
background.py   `tiffin run --detach`: a monitor, and the container as its child
joining.py      attach, by the monitor
ending.py       stop, rm
logs.py, metrics.py   what logs and stats show
"""
