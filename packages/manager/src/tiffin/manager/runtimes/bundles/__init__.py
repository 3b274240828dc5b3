"""Bundles: the folder that a shim is given for each container.

`bundle` says what is in it, `make` makes it, `remove` and `discard` remove it, `mark` says what its task runs on.
"""
