"""The commands that serve Discord and the web.

Each imports what it puts on top of the core when it is called. The libraries that takes are of no
use to the other commands, and would be half of the time that those run.
"""

from rich.console import Console

from bot.actions.common import say
from bot.config import Settings
from bot.errors import ConfigurationError
from bot.log import configure
from bot.shards import Shards


async def run(settings: Settings, shards: Shards | None = None) -> None:
    """Run the bot until it is told to stop, with the ``shards`` given or else those set."""
    from bot.app import run_bot  # noqa: PLC0415

    if shards is not None:
        settings = settings.model_copy(update={"shards": shards})
    await run_bot(settings, say=say)


async def web(settings: Settings) -> None:
    """Serve the page and the HTTP API until told to stop."""
    from bot.app import run_web  # noqa: PLC0415

    await run_web(settings, say=say)


async def demo(settings: Settings, *, preview: bool) -> None:
    """Show the bot at work in a simulated Discord, with the embedded database alone."""
    from bot.app import open_app  # noqa: PLC0415

    # The walk is for people, and its steps speak for themselves.
    configure("ERROR", secrets=settings.secrets(), form=settings.log_format)
    # The simulated Discord is an extra, and only this command needs it.
    try:
        from bot.demo.show import show  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The demo needs {error.name}, which is not installed. Install it: "
            "pip install 'whereis-bot[demo]'"
        ) from None
    # The gallery never goes into the database of a bot that is in service.
    own = settings.model_copy(update={"database_url": None, "database_read_url": None})
    async with open_app(own, say=say) as app:
        await show(
            app.services,
            app.options,
            folder=settings.data_dir / "gallery",
            preview=preview,
            console=Console(),
        )
