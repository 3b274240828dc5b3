"""A client of registries (distribution-spec 1.1). Begin at `client.py`; `source.py` and `destination.py` copy."""
