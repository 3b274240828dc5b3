"""Tasks: the containers that run, or have just ended.

`manager` has them all, `task` is one, `knowledge` and `process` what is known of its processes, `asking` bounds every
question to what it runs on, `limits` are the bounds. `making` makes a new one from a `request`, with its `rootfs`.
`telling` publishes what happens, `recovery` takes tasks back after a restart, and `underway` is work on what is not
there yet, or not any more.
"""
