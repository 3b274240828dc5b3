"""The folders of containers in the store: made, found, swept, listed, removed."""
