"""Takes the file system from this thread, but for some folders that it may read.

Landlock, https://docs.kernel.org/userspace-api/landlock.html, numbers from <linux/landlock.h>:
since Linux 5.13, without any privilege.  The one binding on the package index has only ever been a
pre-release, so the three calls are made here.
"""

import ctypes
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

# The same on every architecture, as all calls since 424 are.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38  # <linux/prctl.h>

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# What each version of the interface knows to forbid: rights to files, to TCP, and ways to reach
# other processes.
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = {4: 0b11}
_SCOPES = {6: 0b11}

_FONTS = (
    "~/.fonts",
    "~/.local/share/fonts",
    "/etc/fonts",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fontconfig",
    "/var/cache/fontconfig",
)
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("tcp", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def readable() -> tuple[Path, ...]:
    """What a process that reads pictures may read besides: Python, its libraries, and fonts.

    None of these holds a setting, a token or a picture; the folder that the bot was started in and
    the one that the project lies in are not among them.
    """
    ours = Path(__file__).resolve().parents[4] / "bot"
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    places = {sysconfig.get_path(name) for name in names}
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    places |= {sysconfig.get_path(name, vars=base) for name in names}
    places |= {sysconfig.get_config_var("LIBDIR"), *_LIBRARIES, *_FONTS}
    # Not Path.expanduser, which raises where there is no home.
    found = {Path(os.path.expanduser(place)) for place in places if place}  # noqa: PTH111
    return (ours, *sorted(place for place in found if place.exists()))


def restrict(folders: Iterable[Path]) -> str | None:
    """Let this thread, and those that it starts, read what lies in some folders, and no more.

    No file outside can be opened, none at all be written, made or removed; newer kernels also take
    TCP, other processes' signals and abstract sockets.  For good: nothing can undo it.

    Gives None, or why it could not be done.
    """
    if sys.platform != "linux":
        return "Landlock is Linux's"
    library = ctypes.CDLL(None, use_errno=True)
    version = library.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return f"this kernel has no Landlock ({_reason()})"
    rights = _Ruleset(_of(_FILES, version), _of(_TCP, version), _of(_SCOPES, version))
    # An older kernel takes the parts that it knows only.
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = library.syscall(
        _CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return f"Landlock gave no rules ({_reason()})"
    try:
        for folder in folders:
            _allow(library, ruleset, folder)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if library.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) != 0:
            return f"Landlock did not take effect ({_reason()})"
    finally:
        os.close(ruleset)
    return None


def _allow(library: ctypes.CDLL, ruleset: int, folder: Path) -> None:
    """Let a folder, or a file, be read.  One that is not allowed is only missed."""
    try:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = _READ_FILE | _READ_DIR if folder.is_dir() else _READ_FILE
        rule = _PathBeneath(allowed, opened)
        library.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(opened)


def _of(known: dict[int, int], version: int) -> int:
    return max((rights for since, rights in known.items() if since <= version), default=0)


def _reason() -> str:
    return os.strerror(ctypes.get_errno())
