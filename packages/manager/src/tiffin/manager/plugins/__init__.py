"""What `tiffind` is made of: an explicit table of plugins, each built from those that it requires.

`table` has the rows, `kinds` the types (containerd's, each with the class of what such a plugin is), `starting` builds
them in order. A new one is a row in the table and a function that makes it. There are no entry points: what is not in
the table is not there, but for snapshotters and content stores of other processes, which the config names.
"""
