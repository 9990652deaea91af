"""What the fork server loads once, so that each worker starts with it in milliseconds.

Workers are forked from a process that holds nothing but this: no event loop, no thread, no
connection.  Being imported is this module's whole work, which is why it does work when imported;
nothing but the fork server imports it.
"""

import contextlib
import importlib
import os

# Read when NumPy and SciPy load: a worker is one of many, and hashes one picture at a time.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from PIL import Image  # noqa: E402

from bot.images import asking, decode, reading, resample, svg  # noqa: E402, F401
from bot.images.model import Limits  # noqa: E402
from bot.images.workers import serve  # noqa: E402, F401

Image.init()
decode.register_heif()
resample.equals_pillow()  # remembered by every worker
with contextlib.suppress(ImportError, OSError):
    importlib.import_module("cairosvg.surface")
    # The first text has every font on the machine looked at.
    svg.rasterise(b'<svg xmlns="http://www.w3.org/2000/svg"><text y="20">a</text></svg>', Limits())
