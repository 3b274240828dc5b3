"""The life of tasks and of their execs is the same in process: the tests of the other runtimes, once more."""

import pytest
from packages.shim.tests.tasks.test_execs import *  # noqa: F403
from packages.shim.tests.tasks.test_full_disk import *  # noqa: F403
from packages.shim.tests.tasks.test_hanging_monitors import *  # noqa: F403
from packages.shim.tests.tasks.test_life import *  # noqa: F403
from packages.shim.tests.tasks.test_lost_monitors import *  # noqa: F403
from packages.shim.tests.tasks.test_refusals import *  # noqa: F403
from packages.shim.tests.tasks.test_rootfs import *  # noqa: F403
from packages.shim.tests.tasks.test_without_descriptors import *  # noqa: F403

pytestmark = pytest.mark.requires("root")
