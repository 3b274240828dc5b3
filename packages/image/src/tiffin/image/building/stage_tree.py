"""`StageTree`: the root file system of a stage while it grows: committed snapshots below, new ones on top.

Each step writes into a new snapshot. On overlays these stay active, each a folder of its own, and are committed
together at the end: the disk is synced once, and the next step begins while the layer of the last one is still being
compressed. Where a snapshot holds the whole tree (native) each one is committed before the next begins.
"""
