"""`Client`: containers, tasks, images of a manager: of ours in this process, of ours by its socket, of a containerd.

    client.py       where to begin
    transport/      how a call gets there: over gRPC, or as a call of a function
    containers.py, tasks.py, process.py, fifos.py   containers, and what runs in them
    images.py, content.py, snapshots.py, leases.py, namespaces.py, events.py   what their names say

Answers are the messages of `tiffin.api`; errors are those of `tiffin.runtime.errors`, whatever the transport.
"""
