"""What runs inside a process that reads pictures."""

import contextlib
import ctypes
import gc
import math
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from bot.images import reasons
from bot.images.model import Guard, Limits, Unreadable
from bot.images.workers import sandbox, wire

# Enough for fonts, shared libraries and the pipe to the parent; too little to be a nuisance.
_OPEN_FILES = 64

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# CPUCLOCK_PROF of the process that asks, MAKE_PROCESS_CPUCLOCK(0, 0)  (<linux/posix-timers.h>)
_TICKS = -8
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h>


def serve(pipe: socket.socket, limits: Limits) -> None:
    """Read pictures until the pipe is closed; see :mod:`bot.images.workers.wire`."""
    guards = prepare(limits)
    descriptor = pipe.detach()
    wire.send(descriptor, wire.guards(guards))
    while (job := wire.receive_job(descriptor)) is not None:
        wire.send(descriptor)
        _begin(limits)
        content = answer(*job, limits)
        signal.setitimer(signal.ITIMER_REAL, 0)
        wire.send(descriptor, content)


def prepare(limits: Limits) -> tuple[Guard, ...]:
    """Make this process one that can do little harm and does not outlive its parent.

    Everything slow is loaded first, before memory is limited, so that ``limits.memory`` is what a
    picture may take.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    _end_with_fork_server()
    from PIL import AvifImagePlugin, Image  # noqa: PLC0415

    from bot.images.workers import preload  # noqa: F401, PLC0415

    # Ours is checked on the header; this one is for pictures within pictures (icons).
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    _keep_memory()
    _limit_resources(limits)
    _be_quiet()
    guards = sandbox.enter()
    # It begins inside, for what is taken from a process is not taken from its other threads.
    threading.Thread(target=_watch_parent, name="watch-parent", daemon=True).start()
    # What is loaded stays; the collector need not look at it again and again.
    gc.freeze()
    return guards


def answer(work: wire.Work, pictures: list[bytes], limits: Limits) -> bytes:
    """The content of the frame that answers a job; one for a query has one picture."""
    if work == "query":
        from bot.images.asking import query  # noqa: PLC0415

        return wire.query_answer(query(pictures[0], limits))
    return wire.answers(read(pictures, limits))


def read(pictures: list[bytes], limits: Limits) -> list[wire.Answer]:
    """The answers to the first of the pictures, at least one, within the time that one may take.

    Those that half of the time does not suffice for are left to another job.  None stands for one
    that has to be asked alone, because the others take memory too.
    """
    from bot.images.reading import Shrunk, fingerprints, read_small  # noqa: PLC0415

    end = time.monotonic() + limits.timeout / 2
    out_of_memory = reasons.too_much_memory(limits)
    found: list[Shrunk | Unreadable] = []
    for data in pictures:
        found.append(read_small(data, limits))
        if time.monotonic() > end:
            break
    alone = len(pictures) == 1
    try:
        made = iter(fingerprints([one for one in found if isinstance(one, Shrunk)]))
    except MemoryError:
        return [out_of_memory if alone else None] * len(found)
    return [
        next(made) if isinstance(one, Shrunk) else one if alone or one != out_of_memory else None
        for one in found
    ]


def _begin(limits: Limits) -> None:
    """Give a job its time; the kernel ends this process when it is over.

    Its share of CPU time is for a decoder that forbids itself to be alarmed.
    """
    signal.setitimer(signal.ITIMER_REAL, limits.timeout)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    share = math.ceil(_computed() + limits.timeout) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (share, hard))


def _computed() -> float:
    """Seconds of computing so far, by the clock that the kernel holds against the limit.

    Linux counts ticks for that, which run ahead of the exact clock by seconds in thousands of
    pictures: a limit by the latter would end a process that did nothing wrong.
    """
    return time.clock_gettime(_TICKS) if sys.platform == "linux" else time.process_time()


def _keep_memory() -> None:
    """Have the C library keep what a picture leaves for the next one, up to 64 MB.

    It would give large pieces back to the system at once, which hands out each page anew and
    cleared: that takes as long as half of the reckoning.  (glibc's ``mallopt``, <malloc.h>.)
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)


def _end_with_fork_server() -> None:
    """One way of two, because a process has two parents: the bot, and the fork server between."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch_parent() -> None:
    """The other way: the bot's end, which a decoder that is busy would not notice."""
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
