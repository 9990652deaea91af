"""Messages of the real discord.py, sent through the simulated Discord, in the terminal."""

import io
from typing import Any

import discord
import pytest
from discord.ext import commands
from PIL import Image
from rich.cells import cell_len
from rich.console import Console
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.env import Env

from bot.demo.blocks import block_picture
from bot.demo.terminal import load_pictures, render_message

WIKI = "https://en.wikipedia.org/wiki/Mandelbrot_set"


def png(left: str, right: str, size: tuple[int, int] = (64, 32)) -> bytes:
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def printed(renderable: Any, *, colour: bool = False, width: int = 80) -> str:
    output = io.StringIO()
    console = Console(
        file=output,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
    )
    console.print(renderable)
    return output.getvalue()


def answer_view() -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Previous", emoji="⬅", disabled=True, custom_id="p"))
    view.add_item(discord.ui.Button(label="Next page", custom_id="n"))
    view.add_item(discord.ui.Button(label="Open", url=WIKI))
    view.add_item(
        discord.ui.Select(
            custom_id="s",
            placeholder="Which picture?",
            options=[
                discord.SelectOption(label="first.jpg", description="640 × 480"),
                discord.SelectOption(label="second.png", default=True),
            ],
        )
    )
    return view


def answer_embed(thumbnail: str) -> discord.Embed:
    embed = discord.Embed(
        title="Mandelbrot set",
        url=WIKI,
        description=f"**Certainly** it.\n• [Benoit Mandelbrot]({WIKI})",
        colour=0x57F287,
    )
    embed.add_field(name="Collection", value="gallery")
    embed.add_field(name="Distance", value="2 bits")
    embed.add_field(name="Elsewhere", value="nowhere", inline=False)
    embed.set_footer(text="searched in 3 ms")
    embed.set_thumbnail(url=thumbnail)
    return embed


@pytest.fixture
def simcord_bot() -> commands.Bot:
    intents = discord.Intents.default()
    intents.message_content = True
    bot = commands.Bot("!", intents=intents, help_command=None)

    @bot.command()
    async def ask(ctx: commands.Context[commands.Bot]) -> None:
        picture = ctx.message.attachments[0].url
        await ctx.reply("Here:", embed=answer_embed(picture), view=answer_view())

    @bot.command()
    async def say(ctx: commands.Context[commands.Bot], *, text: str) -> None:
        await ctx.send(text)

    @bot.tree.command(description="answers in secret")
    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    return bot


class Scene:
    """A channel with somebody in it."""

    def __init__(self, env: Env) -> None:
        self.channel: ChannelHandle = env.create_guild("g").create_text_channel("general")
        guild = env.guild
        self.ann: MemberActor = guild.add_member(env.create_user("ann"))

    def last(self) -> discord.Message:
        message = self.channel.last_message
        assert message is not None
        return message


@pytest.fixture
def scene(simcord_env: Env) -> Scene:
    return Scene(simcord_env)


async def test_an_answer_without_colours(scene: Scene) -> None:
    data = png("white", "black")
    sent = await scene.ann.send(scene.channel, "!ask", attachments=[("two tone.png", data)])
    pictures = await load_pictures(sent)
    assert pictures == {sent.attachments[0].url: data}

    question = printed(render_message(sent, pictures))
    assert question.startswith("ann  ")
    assert "two_tone.png" in question or "two tone.png" in question
    assert " " * 19 + "@" * 19 in question  # light at the left, dark at the right

    answer = printed(render_message(scene.last(), pictures))
    lines = [line.rstrip() for line in answer.splitlines()]
    assert "\x1b" not in answer
    assert all(cell_len(line) <= 80 for line in lines)
    assert lines[0] == "╭─ ann: !ask"
    assert "APP" in lines[1]
    assert lines[2] == "Here:"
    assert lines[3].startswith("▌ Mandelbrot set")
    assert f"({WIKI})" in answer
    assert "Certainly it." in answer
    assert "• Benoit Mandelbrot" in answer
    names = next(line for line in lines if "Collection" in line)
    assert "Distance" in names
    assert "Elsewhere" not in names
    assert any(line.startswith("▌ searched in 3 ms") for line in lines)
    assert "@@@" in answer  # the thumbnail
    bar = answer.replace("\N{NO-BREAK SPACE}", " ")
    assert "( ⬅ Previous )  [ Next page ]  [ Open ↗ ]" in bar
    assert "[ second.png ▾ ]" in lines
    assert "  ○ first.jpg  640 × 480" in lines
    assert "  ● second.png" in lines


async def test_an_answer_in_colours(scene: Scene) -> None:
    data = png("#ff0000", "#0000ff")
    sent = await scene.ann.send(scene.channel, "!ask", attachments=[("a.png", data)])
    pictures = await load_pictures(sent)
    question = printed(render_message(sent, pictures), colour=True)
    assert "▀" in question
    assert "38;2;255;0;0;48;2;255;0;0" in question
    answer = printed(render_message(scene.last(), pictures), colour=True)
    assert "38;2;87;242;135m▌" in answer
    assert f";{WIKI}\x1b\\" in answer  # the terminal's own kind of link
    assert f"({WIKI})" not in answer


@pytest.mark.parametrize("width", [20, 40, 80, 200])
async def test_it_fits_any_width(scene: Scene, width: int) -> None:
    data = png("white", "black")
    sent = await scene.ann.send(scene.channel, "!ask", attachments=[("a.png", data)])
    pictures = await load_pictures(sent)
    for message in (sent, scene.last()):
        text = printed(render_message(message, pictures), width=width)
        assert max(cell_len(line) for line in text.splitlines()) <= min(width, 100)


async def test_without_the_files_names_are_shown(scene: Scene) -> None:
    sent = await scene.ann.send(scene.channel, "see", attachments=[("notes.bin", b"\x00" * 3000)])
    assert "▣ notes.bin (3 KiB)" in printed(render_message(sent))
    pictures = await load_pictures(sent)
    assert "▣ notes.bin (3 KiB)" in printed(render_message(sent, pictures))


async def test_what_others_write_does_nothing_to_the_terminal(scene: Scene) -> None:
    await scene.ann.send(scene.channel, "!say red \x1b[31m and back\u202e, [bold]x[/bold]")
    text = printed(render_message(scene.last()))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text


async def test_mentions_are_names(scene: Scene) -> None:
    sent = await scene.ann.send(
        scene.channel, f"hello <@{scene.ann.id}>, see <#{scene.channel.id}>"
    )
    assert "hello @ann, see #general" in printed(render_message(sent))


async def test_an_edit_shows(scene: Scene) -> None:
    sent = await scene.ann.send(scene.channel, "frist")
    await scene.ann.edit(sent, "first")
    text = printed(render_message(scene.last()))
    assert "(edited)" in text
    assert "first" in text


async def test_a_forwarded_message(scene: Scene) -> None:
    sent = await scene.ann.send(scene.channel, "look at this")
    forwarded = await scene.ann.forward(sent, scene.channel)
    assert "▌ forwarded\n▌ look at this" in printed(render_message(forwarded))


@pytest.mark.simcord(strict_sync=False)
async def test_an_answer_that_others_do_not_see(scene: Scene) -> None:
    result = await scene.ann.slash(scene.channel, "whisper")
    assert result.response is not None
    text = printed(render_message(result.response.message))
    assert "psst" in text
    assert "Only you can see this" in text


def test_pictures_keep_their_shape() -> None:
    wide = block_picture(png("white", "black", (400, 100)), columns=40, rows=14)
    tall = block_picture(png("white", "black", (100, 400)), columns=40, rows=14)
    assert wide is not None
    assert tall is not None
    assert [len(line) for line in printed(wide).splitlines()] == [40] * 5
    assert [len(line) for line in printed(tall).splitlines()] == [7] * 14


def test_a_damaged_picture_has_no_preview() -> None:
    assert block_picture(b"no picture", columns=40, rows=14) is None
    assert block_picture(png("white", "black")[:60], columns=40, rows=14) is None


def test_transparent_is_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")
    picture = block_picture(buffer.getvalue(), columns=4, rows=2)
    assert picture is not None
    assert "38;2;255;255;255;48;2;255;255;255" in printed(picture, colour=True)
