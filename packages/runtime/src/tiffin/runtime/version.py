"""The version of tiffin-runtime; packages/runtime/pyproject.toml has the same."""

VERSION = "0.1.0"
