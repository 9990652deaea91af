"""Each answer that ``!whereis`` can give."""

from tests.acceptance.world import Library, Town, changed_copy, embed_of, png


async def test_the_same_picture_is_exact(town: Town, library: Library) -> None:
    await library.add(png(1), "Mandelbrot_set", "Fractal")
    await town.alice.send(town.channel, "!whereis", attachments=[("a.jpg", changed_copy(1))])
    embed = embed_of(town.answer())
    assert embed.title == "Mandelbrot set"
