"""Content by its digest: the protocol (`protocol.py`) and the store on disk (`local.py`)."""
