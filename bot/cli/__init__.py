"""The command line: ``whereis-bot``.  It parses; :mod:`bot.actions` acts.

Results go to stdout, everything else to stderr.  Exit status: 0 done, 1 some inputs unreadable,
2 wrong usage or configuration, 3 database unreachable, 130 stopped with Ctrl-C.
"""

from bot.cli.commands import main

__all__ = ["main"]
