"""Read one file, within a reader's limits, and let everything be seen that goes wrong.

``python -m tests.fuzz.alone FILE [SECONDS]`` prints the answer.  Exit status 1 and a traceback say
that an exception came out; a signal ends this process as it would a reader.
"""

import faulthandler
import math
import resource
import sys
from pathlib import Path

from PIL import Image

from bot.images import Limits, fingerprint
from tests.fuzz.seeds import DRAWING


def main() -> None:
    """Read the file that the command line names."""
    data = Path(sys.argv[1]).read_bytes()
    limits = Limits(timeout=float(sys.argv[2])) if len(sys.argv) > 2 else Limits()
    faulthandler.enable()
    # What is loaded now is not counted as the file's.
    fingerprint(DRAWING, limits)
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = math.ceil(limits.timeout) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    sys.stdout.write(f"{fingerprint(data, limits)}\n")


if __name__ == "__main__":
    main()
