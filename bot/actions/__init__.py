"""What each command of the command line does: call a service, and print what it says."""

from bot.actions.commands import (
    add,
    doctor,
    export,
    index_build,
    index_drop,
    index_status,
    search,
    stats,
)
from bot.actions.serving import demo, run, web

__all__ = [
    "add",
    "demo",
    "doctor",
    "export",
    "index_build",
    "index_drop",
    "index_status",
    "run",
    "search",
    "stats",
    "web",
]
