"""``whereis-bot`` before a Discord on this machine: ``launcher.py ADDRESS WINDOW [ARGUMENT…]``.

Shards keep ``WINDOW`` seconds apart in place of those that the real Discord wants.
"""

import sys
from functools import partial


def main() -> None:
    """Run the command line."""
    from bot import app
    from bot.__main__ import main as command_line
    from bot.shards import Gate
    from tests.fake_discord import pointed

    address, window = sys.argv[1:3]
    del sys.argv[1:3]
    vars(app)["Gate"] = partial(Gate, window=float(window))
    with pointed(address):
        command_line()


# The processes that read pictures import this module, and are no bot.
if __name__ == "__main__":
    main()
