"""Snapshotters and content stores in other processes, over containerd's gRPC, as `[proxy_plugins]` names them.

`remote_snapshotter` and `remote_content` are the ports of tiffin.image over the wire, and nothing else. Clients of the
daemon get `proxied_snapshotter`: namespaces, labels, leases and names are ours, the trees are the other process's;
`creating` makes new ones there.
Blobs of clients always lie in our own store: a content store of another process is for programs that embed this one.
"""
