"""`InProcess`: our executor as an `OciRuntime` in this very process; no program but tiffin-core is executed.

Executor   one for the whole process: the sealed core, known configs, threads
InProcess  one for each container's options; a thread per call
start      MonitorStarter: what is started becomes the child of the container's monitor
"""

from .executor import Executor
from .runtime import InProcess

__all__ = ["Executor", "InProcess"]
