"""What `-help` prints: every flag of `flags`, which a test compares."""

from __future__ import annotations

USAGE_TEXT = """\
Usage of containerd-shim-tiffin-v2: [FLAGS] [start|delete]

A manager calls it: `start` makes a shim or finds the one that the container's pod has, and prints where it serves;
`delete` removes what a container has left; without either it serves, in the foreground.

  -namespace NAME        of the container
  -id ID                 of the container
  -address SOCKET        of the manager's gRPC; its ttrpc is in $TTRPC_ADDRESS
  -bundle FOLDER         of the container; the working directory, if it is not given
  -socket SOCKET         where to serve, instead of a socket that was handed down
  -debug                 log everything
  -info                  say what it is and can do, as a message; options are read from standard input
  -v, -version           say which version it is
  -h, -help              say this
  -publish-binary PATH   taken, and not used: events go by ttrpc
  -debug-socket SOCKET   taken, and not used
"""
