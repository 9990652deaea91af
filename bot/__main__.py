"""``python -m bot`` and ``whereis-bot``.

Nothing is imported until it is called.  A process that reads pictures imports the script it was
started from, as Python's multiprocessing has it, and has no use for the rest of the program.
"""


def main() -> None:
    """Run the command line."""
    from bot.cli import main as command_line  # noqa: PLC0415

    command_line()


if __name__ == "__main__":
    main()
