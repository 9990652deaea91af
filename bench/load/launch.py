"""``whereis-bot run``, but before a Discord on this machine.

::

    python -m bench.load.launch ADDRESS

``ADDRESS`` is that of a :class:`tests.fake_discord.FakeDiscord`.
"""

import sys


def main(address: str) -> None:
    """Run the bot until it is told to stop."""
    # In here: processes that read pictures import this file as well, and have no use for the rest.
    from bot.cli import main as command_line  # noqa: PLC0415
    from tests.fake_discord import pointed  # noqa: PLC0415

    with pointed(address):
        command_line(["run"])


if __name__ == "__main__":
    main(sys.argv[1])
