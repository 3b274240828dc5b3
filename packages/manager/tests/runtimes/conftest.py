"""Runs `async def` tests as those of tiffin-ttrpc."""

from packages.ttrpc.tests.conftest import pytest_pyfunc_call  # noqa: F401  # pytest finds it by its name
