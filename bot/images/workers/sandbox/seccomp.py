"""Takes from this process every call to the kernel but those that reckoning takes.

libseccomp, https://github.com/seccomp/libseccomp, compiles the list to a filter for the machine's
own architecture; constants from its <seccomp.h>.  It comes with every Debian.  Its own Python
binding is not on the package index, and the other one has not been cared for in years, so its six
functions are called here.
"""

import ctypes
import errno
import os
import termios
from collections.abc import Iterator
from dataclasses import dataclass

_ALLOW = 0x7FFF_0000
_REFUSE = 0x0005_0000 | errno.ENOSYS  # as a kernel too old for a call does: libraries know that
_ALL_THREADS = 4  # SCMP_FLTATR_CTL_TSYNC
_EQUAL, _MASKED = 4, 7

_CLONE_THREAD = 0x0001_0000  # <linux/sched.h>
_PR_SET_NAME, _PR_SET_VMA = 15, 0x5356_4D41  # <linux/prctl.h>

_MEMORY = "brk mmap munmap mremap mprotect madvise membarrier mincore"
_PIPES = "read readv write writev pread64 close poll ppoll select pselect6 dup lseek fcntl"
_FILES = (
    "stat lstat fstat newfstatat fstatat64 statx access faccessat faccessat2 readlink readlinkat "
    "getdents64 getcwd statfs fstatfs fadvise64"
)
_THREADS = (
    "futex set_robust_list rseq sched_yield sched_getaffinity sched_getparam sched_getscheduler "
    "exit exit_group gettid getpid getppid getuid geteuid getgid getegid"
)
_SIGNALS = "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall"
_TIME = (
    "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times setitimer "
    "getrusage getcpu uname sysinfo getrandom getrlimit setrlimit"
)
PLAIN = tuple(f"{_MEMORY} {_PIPES} {_FILES} {_THREADS} {_SIGNALS} {_TIME}".split())
"""Calls that are let through whatever they are asked, by name."""


class _Condition(ctypes.Structure):
    """``struct scmp_arg_cmp``: what one argument of a call has to be."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A call that is let through with one argument alone: ``argument & mask == value``.

    ``mask`` of None stands for all bits.
    """

    call: str
    argument: int
    value: int
    mask: int | None = None


def rules() -> Iterator[Rule]:
    """The calls that are let through for a part of what they can do."""
    # To read, and not to write, make or shorten.  Landlock says which files.
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    yield Rule("open", 1, 0, writing)
    yield Rule("openat", 2, 0, writing)
    # A thread, and not a process.  What glibc would rather call can't be looked into, so it is
    # told that there is no such call, and falls back.
    yield Rule("clone", 0, _CLONE_THREAD, _CLONE_THREAD)
    # A signal to itself: abort(), and the end with its parent.
    yield Rule("kill", 0, os.getpid())
    yield Rule("tgkill", 0, os.getpid())
    # Its own limits.
    yield Rule("prlimit64", 0, 0)
    # Names of threads and of memory.
    yield Rule("prctl", 0, _PR_SET_NAME)
    yield Rule("prctl", 0, _PR_SET_VMA)
    # Python asks of each file that it opens whether it is a terminal, and how much there is.
    yield Rule("ioctl", 1, termios.TCGETS)
    yield Rule("ioctl", 1, termios.FIONREAD)
    yield Rule("ioctl", 1, getattr(termios, "FIOCLEX", 0x5451))


def restrict() -> str | None:
    """Let this process, with all its threads, make the calls of :data:`PLAIN` and :func:`rules`.

    Any other is answered as by a kernel that does not know it.  For good: nothing can undo it.

    Gives None, or why it could not be done.
    """
    try:
        library = _library()
    except OSError:
        return "the library libseccomp is missing"
    filters = library.seccomp_init(_REFUSE)
    if not filters:
        return "libseccomp has no filter for this machine"
    try:
        library.seccomp_attr_set(filters, _ALL_THREADS, 1)
        for call in PLAIN:
            _let_through(library, filters, call)
        for rule in rules():
            _let_through(library, filters, rule.call, rule)
        status = library.seccomp_load(filters)
    finally:
        library.seccomp_release(filters)
    return f"the kernel took no filter ({os.strerror(-status)})" if status else None


def _library() -> ctypes.CDLL:
    """Raises :class:`OSError` where libseccomp is missing."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_release.argtypes = (ctypes.c_void_p,)
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    library.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    library.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Condition),
    )
    return library


def _let_through(library: ctypes.CDLL, filters: int, call: str, rule: Rule | None = None) -> None:
    """A call that this machine's kernel or this libseccomp does not have is left out."""
    number = library.seccomp_syscall_resolve_name(call.encode())
    if number < 0:
        return
    conditions: list[_Condition] = []
    if rule is not None:
        conditions.append(
            _Condition(rule.argument, _EQUAL, rule.value, 0)
            if rule.mask is None
            else _Condition(rule.argument, _MASKED, rule.mask, rule.value)
        )
    array = (_Condition * len(conditions))(*conditions)
    library.seccomp_rule_add_array(filters, _ALLOW, number, len(conditions), array)
