"""The settings that the embedded PostgreSQL runs with."""

import os
from contextlib import suppress
from pathlib import Path

MEBIBYTE = 1024 * 1024


def essential_settings(socket_dir: Path, extension: Path | None) -> dict[str, str]:
    """What must be so, given on the command line: where it listens, where our extension is.

    ``extension`` holds the folders ``extension`` and ``lib``.  ``extension_control_path`` is new in
    PostgreSQL 18.
    """
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket_dir}"',
        # The folder around it is closed; the mode itself is for those in it.
        "unix_socket_permissions": "0700",
    }
    # Both are lists divided by colons, which can't be quoted.
    if extension is not None and ":" not in str(extension):
        settings["extension_control_path"] = f"{extension}:$system"
        settings["dynamic_library_path"] = f"{extension / 'lib'}:$libdir"
    return settings


def tuned_settings(memory: int | None = None) -> dict[str, str]:
    """What suits this machine; an operator may overrule it.

    ``memory`` is in bytes, by default this machine's, or what its container may use.
    """
    memory = usable_memory() if memory is None else memory
    return {
        # The usual share of a server.  The processes that read pictures live on the same machine,
        # but a buffer takes memory only once a page has been read into it: a small database leaves
        # it to them, and one of tens of millions of pictures is what it is for.
        "shared_buffers": _size(memory // 4, 128, 4096),
        "effective_cache_size": _size(memory // 2, 256, 1024 * 1024),
        "maintenance_work_mem": _size(memory // 16, 64, 1024),
        "max_connections": "64",
        "jit": "off",
        # Made for searching an index that is in memory or on a solid-state disk.
        "random_page_cost": "1.1",
        # Nothing replicates from here, so imports need not write for it.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        # The log is for what goes wrong, and no place for what members search.
        "log_checkpoints": "off",
        "log_min_error_statement": "panic",
    }


def usable_memory() -> int:
    """Bytes of memory that this machine has, or that its container is allowed."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        memory = min(memory, limit)
    return memory


def _size(size: int, least: int, most: int) -> str:
    return f"{min(max(size // MEBIBYTE, least), most)}MB"
