"""Garbage collection: what no root reaches by labels is removed, as containerd does."""
