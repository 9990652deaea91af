"""What each command of the command line does: call a service, and print what it says."""

from bot.actions.commands import (
    add,
    demo,
    doctor,
    export,
    index_build,
    index_drop,
    index_status,
    search,
    stats,
)
from bot.actions.common import say

__all__ = [
    "add",
    "demo",
    "doctor",
    "export",
    "index_build",
    "index_drop",
    "index_status",
    "say",
    "search",
    "stats",
]
