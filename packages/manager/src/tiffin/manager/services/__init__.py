"""containerd's services on the store: a module or a folder for each, with a function `service` that makes its `Offer`.

They are plain functions on messages, which run in threads: see `tiffin.manager.grpc_edge`. What they share:
`conversion` (our values as messages), `masks` (which fields an update means), `ports` (what they need of others).
"""
