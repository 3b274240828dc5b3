"""What `tools/bench/manager.py` measures: the two daemons, and calls that both serve."""
