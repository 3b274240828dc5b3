"""Images on their way: what every place that has them can do (`protocol.py`), and copying between two of them."""
