"""A Discord message as a member sees it, in the terminal.

:func:`render_message` takes a plain :class:`discord.Message`.  Its pictures are downloads, so they
are fetched beforehand, by :func:`load_pictures`.
"""

from collections.abc import Iterable, Mapping, Sequence

import discord
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bot.demo.blocks import block_picture
from bot.demo.markdown import link, render, safe

MAX_WIDTH = 100
MAX_PICTURE_BYTES = 25 * 1024 * 1024
PICTURE_SIZE = {"columns": 40, "rows": 14}
THUMBNAIL_SIZE = {"columns": 18, "rows": 8}
BLURPLE = Style(color="#ffffff", bgcolor="#5865f2")
DIM = Style(dim=True)
BUTTON_STYLES = {
    discord.ButtonStyle.primary: "#5865f2",
    discord.ButtonStyle.secondary: "#4e5058",
    discord.ButtonStyle.success: "#248046",
    discord.ButtonStyle.danger: "#da373c",
    discord.ButtonStyle.link: "#4e5058",
}
SPOKEN = (
    discord.MessageType.default,
    discord.MessageType.reply,
    discord.MessageType.chat_input_command,
    discord.MessageType.context_menu_command,
)


async def load_pictures(message: discord.Message) -> dict[str, bytes]:
    """The message's attached pictures by their links, for :func:`render_message`.

    Files of more than 25 MiB are left out, and those that can't be downloaded.
    """
    pictures = {}
    for attachment in message.attachments:
        if attachment.size <= MAX_PICTURE_BYTES:
            try:
                pictures[attachment.url] = await attachment.read()
            except discord.HTTPException:
                continue
    return pictures


def render_message(
    message: discord.Message,
    pictures: Mapping[str, bytes] | None = None,
    names: Mapping[int, str] | None = None,
) -> RenderableType:
    """Everything of a message: who, reply, text, embeds, attachments, buttons and menus.

    ``pictures`` are files by their links, for attachments, thumbnails and images of embeds; what
    isn't among them is shown by its name or not at all.  ``names`` are of people by their ids, who
    may be mentioned and whom the bot itself doesn't know.
    """
    return _MessageView(message, pictures or {}, names or {})


class _MessageView:
    def __init__(
        self,
        message: discord.Message,
        pictures: Mapping[str, bytes],
        names: Mapping[int, str],
    ) -> None:
        self._message = message
        self._pictures = {
            **pictures,
            **{
                f"attachment://{attachment.filename}": pictures[attachment.url]
                for attachment in message.attachments
                if attachment.url in pictures
            },
        }
        self._names = {**names, **_names(message)}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, MAX_WIDTH)
        clickable = console.is_terminal and not console.legacy_windows
        parts: list[RenderableType] = [
            *self._above(),
            self._header(),
            *self._body(self._message, clickable),
        ]
        for snapshot in self._message.message_snapshots:
            forwarded = Group(Text("forwarded", DIM), *self._body(snapshot, clickable))
            parts.append(_Barred(forwarded, Style(dim=True)))
        parts += [part for row in self._message.components for part in _component(row)]
        if self._message.flags.ephemeral:
            parts.append(Text("Only you can see this", DIM))
        yield from console.render(Group(*parts), options.update(width=width))

    def _above(self) -> Iterable[Text]:
        """What the message answers to."""
        reference = self._message.reference
        metadata = self._message.interaction_metadata
        if metadata is not None:
            yield Text(f"╭─ {safe(metadata.user.display_name)} used a command", DIM)
        elif reference is not None and reference.type is discord.MessageReferenceType.reply:
            original = reference.resolved or reference.cached_message
            if isinstance(original, discord.Message):
                said = original.content.replace("\n", " ") or "a picture"
                name = original.author.display_name
                text = Text(safe(f"╭─ {name}: {said}"), DIM, no_wrap=True, overflow="ellipsis")
                yield text
            else:
                yield Text("╭─ a message that is gone", DIM)

    def _header(self) -> Text:
        author = self._message.author
        text = Text(safe(author.display_name), Style(bold=True))
        if author.bot:
            text.append(" ").append(" APP ", BLURPLE)
        text.append(f"  {self._message.created_at:%H:%M}", DIM)
        if self._message.edited_at is not None:
            text.append("  (edited)", DIM)
        return text

    def _body(
        self, message: discord.Message | discord.MessageSnapshot, clickable: bool
    ) -> Iterable[RenderableType]:
        said = message.content
        if isinstance(message, discord.Message) and message.type not in SPOKEN:
            said = message.system_content
        if said:
            yield render(said, clickable=clickable, names=self._names)
        for attachment in message.attachments:
            yield from self._attachment(attachment)
        for sticker in getattr(message, "stickers", ()):
            yield Text(f"sticker: {safe(sticker.name)}", DIM)
        for embed in message.embeds:
            yield self._embed(embed, clickable)

    def _attachment(self, attachment: discord.Attachment) -> Iterable[RenderableType]:
        data = self._pictures.get(attachment.url)
        if data is not None:
            picture = block_picture(data, **PICTURE_SIZE)
            if picture is not None:
                yield picture
        size = attachment.size
        amount = f"{size / 1024:,.0f} KiB" if size >= 1024 else f"{size} bytes"
        yield Text(f"▣ {safe(attachment.filename)} ({amount})", DIM)

    def _embed(self, embed: discord.Embed, clickable: bool) -> RenderableType:
        def text(source: str) -> Text:
            return render(source, clickable=clickable, names=self._names)

        parts: list[RenderableType] = []
        if embed.author.name:
            parts.append(Text(safe(embed.author.name), Style(bold=True)))
        if embed.title:
            title = text(embed.title)
            title.stylize(Style(bold=True))
            parts.append(link(title, embed.url, clickable=clickable) if embed.url else title)
        if embed.description:
            parts.append(text(embed.description))
        rows = _fields([(text(f.name or ""), text(f.value or ""), f.inline) for f in embed.fields])
        for row in rows:
            parts += [Text(), row]

        content: RenderableType = Group(*parts)
        thumbnail = self._pictures.get(embed.thumbnail.url or "")
        small = None if thumbnail is None else block_picture(thumbnail, **THUMBNAIL_SIZE)
        if small is not None:
            beside = Table.grid(padding=(0, 2, 0, 0), expand=True)
            beside.add_column(ratio=1)
            beside.add_column(justify="right")
            beside.add_row(content, small)
            content = beside
        below: list[RenderableType] = []
        image = self._pictures.get(embed.image.url or "")
        large = None if image is None else block_picture(image, **PICTURE_SIZE)
        if large is not None:
            below.append(large)
        footer = safe(embed.footer.text or "")
        if embed.timestamp is not None:
            moment = f"{embed.timestamp:%d %B %Y, %H:%M}"
            footer = f"{footer} • {moment}" if footer else moment
        if footer:
            below += [Text(), Text(footer, DIM)]
        colour = embed.colour.to_rgb() if embed.colour is not None else (0x4E, 0x50, 0x58)
        bar = Style(color="#{:02x}{:02x}{:02x}".format(*colour))
        return _Barred(Group(content, *below), bar)


class _Barred:
    """Something with a coloured bar on its left."""

    def __init__(self, content: RenderableType, style: Style) -> None:
        self._content = content
        self._style = style

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        inner = options.update(width=max(1, options.max_width - 2))
        measured = Measurement.get(console, inner, self._content)
        return Measurement(measured.minimum + 2, measured.maximum + 2)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bar = Segment("| " if options.ascii_only else "▌ ", self._style)
        inner = options.update(width=max(1, options.max_width - 2))
        for line in console.render_lines(self._content, inner, pad=False):
            yield bar
            yield from line
            yield Segment.line()


def _names(message: discord.Message) -> dict[int, str]:
    """The names of whom and what the message mentions, and of everybody around."""
    names = {user.id: user.display_name for user in message.mentions}
    if message.guild is not None:
        names |= {role.id: role.name for role in message.guild.roles}
        names |= {channel.id: channel.name for channel in message.guild.channels}
        names |= {member.id: member.display_name for member in message.guild.members}
    return names


def _fields(fields: Sequence[tuple[Text, Text, bool]]) -> Iterable[RenderableType]:
    """Fields under each other, but up to three inline ones beside each other."""
    row: list[RenderableType] = []
    for name, value, inline in fields:
        name.stylize(Style(bold=True))
        cell = Group(name, value)
        if row and (not inline or len(row) == 3):
            yield _beside(row)
            row = []
        if inline:
            row.append(cell)
        else:
            yield cell
    if row:
        yield _beside(row)


def _beside(cells: Sequence[RenderableType]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in cells:
        grid.add_column(ratio=1)
    grid.add_row(*cells)
    return grid


def _component(component: object) -> Iterable[RenderableType]:
    """A row of buttons, a menu with its options, or what a container holds."""
    if isinstance(component, discord.ActionRow):
        buttons = [child for child in component.children if isinstance(child, discord.Button)]
        if buttons:
            yield Text("  ").join(_button(button) for button in buttons)
        for menu in component.children:
            if isinstance(menu, discord.SelectMenu):
                yield _menu(menu)
    elif isinstance(component, discord.TextDisplay):
        yield render(component.content, clickable=False)
    elif isinstance(component, discord.Container | discord.SectionComponent):
        for child in component.children:
            yield from _component(child)


def _button(button: discord.Button) -> Text:
    words = [str(button.emoji.name) if button.emoji is not None else "", button.label or ""]
    if button.style is discord.ButtonStyle.link:
        words.append("↗")
    # Spaces that don't break, so that a button stays in one piece.
    label = safe(" ".join(word for word in words if word)).replace(" ", "\N{NO-BREAK SPACE}")
    left, right = ("(", ")") if button.disabled else ("[", "]")
    style = Style(color="#ffffff", bgcolor=BUTTON_STYLES.get(button.style, "#4e5058"), bold=True)
    if button.disabled:
        style = Style(color="#9a9ca1", bgcolor="#3a3b40", strike=False)
    if button.url:
        style += Style(link=button.url)
    gap = "\N{NO-BREAK SPACE}"
    return Text(f"{left}{gap}{label}{gap}{right}", style)


def _menu(menu: discord.SelectMenu) -> RenderableType:
    chosen = [option.label for option in menu.options if option.default]
    shown = ", ".join(chosen) or menu.placeholder or "Make a selection"
    head = Text(safe(f"[ {shown} ▾ ]"), Style(dim=menu.disabled, bold=not menu.disabled))
    lines = [head]
    for option in menu.options:
        emoji = f"{option.emoji.name} " if option.emoji is not None else ""
        line = Text(safe(f"  {'●' if option.default else '○'} {emoji}{option.label}"))
        if option.description:
            line.append(safe(f"  {option.description}"), DIM)
        lines.append(line)
    return Group(*lines)
