"""The time that a worker gives a picture is told by the clock that the kernel goes by."""

import subprocess
import sys

import pytest

CHILD = """
import resource, time
from bot.images import Limits
from bot.images.workers import serve

# Far behind the ticks: a limit by this clock is over before the picture is begun.
time.process_time = lambda: -100.0
serve._begin(Limits(timeout=5))
print(resource.getrlimit(resource.RLIMIT_CPU)[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one clock for it")
def test_a_limit_on_computing_is_not_set_by_the_exact_clock() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, check=True, text=True)
    assert int(done.stdout) >= 6
