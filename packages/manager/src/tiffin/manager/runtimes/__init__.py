"""What a container's task runs on.

`port` is the seam: a `TaskRuntime` makes `RuntimeTask`s. `external` runs shims of any kind by shim v2, `in_process`
holds tiffin's own shim in this process. `bundles` are the folders that both are given, `names` finds a shim's program,
and `table` says which name means what.
"""
