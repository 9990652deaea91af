"""Pictures that were mirrored, turned, framed or shown in another one are found, and it is said."""

import io
from collections.abc import Callable

import pytest
import pytest_asyncio
from PIL import Image, ImageOps

from tests.acceptance.world import Library, Town, draw, embed_of, encode, png

Alteration = Callable[[Image.Image], Image.Image]


def bordered(picture: Image.Image) -> Image.Image:
    """With a white border of a tenth of its width."""
    return ImageOps.expand(picture, picture.width // 10, "white")


def shown_in_a_chat(picture: Image.Image) -> Image.Image:
    """On a page that is larger than it, between lines that stand for text."""
    page = Image.new("RGB", (picture.width + 120, picture.height + 220), "#f2f3f5")
    for top in (20, 40, 60, picture.height + 150, picture.height + 170):
        page.paste("#80848e", (20, top, 200 + top % 90, top + 9))
    page.paste(picture, (40, 100))
    return page


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture that the bot knows, among others."""
    for seed in range(1, 6):
        await library.add(png(seed), f"Picture_{seed}", look=True)


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        (ImageOps.mirror, "I looked at yours mirrored."),
        (lambda picture: picture.rotate(180), "I looked at yours upside down."),
        (lambda picture: picture.transpose(Image.Transpose.ROTATE_90), "I looked at yours turned"),
        (bordered, "I looked at yours without its border."),
        (shown_in_a_chat, "I looked at the picture inside yours."),
    ],
    ids=["mirrored", "upside down", "turned", "bordered", "in a chat"],
)
async def test_another_view_is_found_and_said(town: Town, altered: Alteration, said: str) -> None:
    file = encode(altered(draw(3)), "JPEG", quality=80)
    await town.alice.send(town.channel, "!whereis", attachments=[("a.jpg", file)])

    embed = embed_of(town.answer())
    assert embed.title == "Picture 3"
    assert said in (embed.description or "")


async def test_a_later_picture_of_an_animation(town: Town) -> None:
    frames = [Image.new("RGB", (240, 180), (20 * n, 20, 90)) for n in range(2)]
    for step in range(10):
        frame = draw(4)
        frame.paste("white", (10 * step, 4, 10 * step + 4, 8))
        frames.append(frame)
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=40)
    await town.alice.send(town.channel, "!whereis", attachments=[("a.gif", file.getvalue())])

    embed = embed_of(town.answer())
    assert embed.title == "Picture 4"
    assert " of yours." in (embed.description or "")


async def test_nothing_is_said_of_the_picture_as_it_is(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(2))])
    assert "I looked at" not in (embed_of(town.answer()).description or "")


async def test_files_of_one_picture_are_one_answer(town: Town, library: Library) -> None:
    await library.add(
        encode(draw(2), "JPEG", quality=90), "Another_page", file="again.jpg", look=True
    )
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(2))])

    embed = embed_of(town.answer())
    assert embed.title == "Picture 2"
    assert "1 more file of it" in (embed.description or "")
    assert "[Another page]" in (embed.description or "")
    assert "**2 articles**" in (embed.description or "")
