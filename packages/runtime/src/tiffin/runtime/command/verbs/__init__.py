"""One module for each verb, called `<verb>_`: from flags to a call of `lifecycle`, and from its result to output.

A module is imported only when its verb is run. `run_verb(settings, invocation)` returns the exit code.
"""
