"""Shims of any kind, by shim v2: containerd-shim-runc-v2, Kata's, gVisor's, and ours out of process.

`program` calls a shim's program (`start`, `delete`, `-info`), `bootstrap` reads what it answers, `connections` speak to
the shim, `shim` sees its end, `task` is a task of one, `log` forwards what it writes, `runtime` makes tasks. `starting`
and `creating` are their making, and `told` is whether clients know of one. After a restart `half_made` and `leftovers`
are what was found, and `taking_back` starts shims again.

Source: containerd's docs/runtime-v2.md.
"""
