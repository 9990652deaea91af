"""What runs inside a worker process."""

import contextlib
import ctypes
import math
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from bot.images.model import Fingerprint, Limits, Unreadable

# Enough for fonts, shared libraries and the pipes to the parent; too little to be a nuisance.
_OPEN_FILES = 64

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def prepare(limits: Limits) -> None:
    """Make this process one that can do little harm and does not outlive its parent.

    Everything slow is loaded first, before memory is limited, so that ``limits.memory`` is what a
    picture may take.
    """
    _end_with_parent()
    # pebble's own handler runs in Python, where a decoder may keep it waiting; the kernel's won't.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from PIL import AvifImagePlugin, Image  # noqa: PLC0415

    from bot.images import _preload  # noqa: F401, PLC0415

    # Ours is checked on the header; this one is for pictures within pictures (icons).
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    _limit_resources(limits)
    _be_quiet()


def is_ready() -> None:
    """The first thing a worker is asked; it answers when :func:`prepare` is through."""


def read_picture(data: bytes, limits: Limits) -> Fingerprint | Unreadable:
    """:func:`bot.images.fingerprint`, within a share of this process's CPU time.

    The parent's clock ends a slow job.  This is for when there is no parent any more, or when it
    is itself held up.
    """
    from bot.images.reading import read  # noqa: PLC0415

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    share = math.ceil(time.process_time() + limits.timeout) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (share, hard))
    return read(data, limits)


def _end_with_parent() -> None:
    """Two ways, because a worker has two parents: the bot, and the fork server in between."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_watch_parent, name="watch-parent", daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _limit_resources(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_AS, _address_space() + limits.memory)


def _lower(limit: int, value: int) -> None:
    """Set a soft and hard limit, unless there is a stricter one already."""
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    # macOS knows RLIMIT_AS and refuses it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (value, value))


def _address_space() -> int:
    """Bytes of address space in use; where that can't be told, a generous guess."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return 2**30
    return int(pages) * resource.getpagesize()


def _be_quiet() -> None:
    """Libraries in C write what they think of a file to stderr, and a file may choose the words."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
