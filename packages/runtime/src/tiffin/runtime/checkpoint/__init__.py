"""checkpoint and restore, by CRIU. Start with `dump` and `restore`; `rpc` tells how CRIU is spoken to.

CRIU is driven by its RPC (`criu swrk`, protobuf messages on a socket), not by its command line: only there it asks
back while it works (hooks between namespaces and processes, the pid of what it restored) and hands over descriptors
(the terminal's master, namespaces to join). Its own library is a wrapper around the same messages.
"""
