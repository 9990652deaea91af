"""The words of SQL, one at a time, however long the statements are.

What is not asked for is passed over as it streams by; nothing is held but one token, and of that no
more than :data:`bot.importers.sql_dump.tape.MAX_LENGTH`.  The rules are those of psql, which tells
where a statement ends before the server reads it.
"""

import re
from typing import Literal, NamedTuple

from bot.importers.sql_dump.escapes import from_string
from bot.importers.sql_dump.tape import BLOCK_BYTES, Tape

Kind = Literal["word", "name", "string", "number", "symbol", "other", "end"]

HEADER = b"-- PostgreSQL database dump"
TRAILER = b"-- PostgreSQL database dump complete"

_SPACE = re.compile(rb"[ \t\n\r\f\v]*")
_WORD_START = re.compile(rb"[A-Za-z_\x80-\xff]")
_WORD = re.compile(rb"[A-Za-z0-9_$\x80-\xff]*")
_NUMBER = re.compile(rb"[0-9A-Za-z_.]*")
_TAG = re.compile(rb"[A-Za-z0-9_\x80-\xff]*")
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_ESCAPED_EDGE = re.compile(rb"[\\']")
# What needs no look within a statement that is passed over: anything but quotes, comments,
# parentheses and the end; words as wholes, since a quote behind E is another one; and strings
# without a backslash, which mean the same in every way of writing them.  Each part begins with
# another character and gives nothing back, so a match takes time as its length; the number of parts
# is bounded because the engine remembers each.
_DULL = re.compile(
    rb"(?:[^'\"$/;()\-A-Za-z0-9_\x80-\xff]++"
    rb"|(?![eE]')[A-Za-z0-9_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+(?=[\x00-\xff])"
    rb"|'[^'\\]*+'){0,1000}"
)


class Token(NamedTuple):
    """A word in lower case, a quoted name, the value of a string, a number or a sign.

    ``other`` is one that is too long to be of use.
    """

    kind: Kind
    text: bytes

    def is_word(self, *words: bytes) -> bool:
        """Whether it is one of some words."""
        return self.kind == "word" and self.text in words

    def is_symbol(self, *symbols: bytes) -> bool:
        """Whether it is one of some signs."""
        return self.kind == "symbol" and self.text in symbols


_END = Token("end", b"")
_OTHER = Token("other", b"")


class Lexer:
    """Reads the tokens on a tape.

    ``plain_strings`` is standard_conforming_strings: whether a backslash in '…' is only that.
    ``unfinished`` is whether the first line of a dump was seen, and its last line not yet.
    ``cut`` says that the end came within a string or a comment.
    """

    def __init__(self, tape: Tape, *, plain_strings: bool = True, unfinished: bool = False) -> None:
        self.plain_strings = plain_strings
        self.unfinished = unfinished
        self.cut = False
        self._tape = tape

    def skip_space(self) -> bool:
        """Go to the next token; whether there is one."""
        tape = self._tape
        while True:
            self._run(_SPACE)
            if not tape.fill(1):
                return False
            start = self._ahead(2)
            if start == b"--":
                self._line_comment()
            elif start == b"/*":
                self._block_comment()
            else:
                return True

    def token(self) -> Token:
        """The next token."""
        if not self.skip_space():
            return _END
        tape = self._tape
        first = tape.data[tape.at : tape.at + 1]
        if first == b"'":
            return self._string_token(escapes=not self.plain_strings)
        if first == b'"':
            return self._name_token()
        if _WORD_START.match(first):
            return self._word_token()
        if first.isdigit():
            return self._run_token("number", _NUMBER)
        if first == b"$" and (tag := self._dollar_tag()):
            tape.keep()
            self.cut |= not tape.skip_to(tag)
            text = tape.kept()
            return _OTHER if text is None else Token("string", text[: -len(tag)])
        tape.at += 1
        return Token("symbol", first)

    def skip_statement(self, depth: int = 0) -> bool:
        """Go behind the end of this statement; whether it has one.

        ``depth`` is how many parentheses are open.
        """
        tape = self._tape
        while True:
            match = _DULL.match(tape.data, tape.at)
            assert match is not None
            tape.at = match.end()
            if not tape.fill(1):
                return False
            first = tape.data[tape.at : tape.at + 1]
            if first == b";" and depth == 0:
                tape.at += 1
                return True
            if first == b"(":
                depth += 1
            elif first == b")":
                depth = max(depth - 1, 0)
            if first in b"();":
                tape.at += 1
            else:
                self._skip_special(first)

    def skip_function(self) -> bool:
        """Go behind the end of CREATE FUNCTION or PROCEDURE; whether it has one.

        The statements of a body between BEGIN ATOMIC and END end with semicolons too.
        """
        parentheses = blocks = 0
        while (token := self.token()).kind != "end":
            if token.is_symbol(b"("):
                parentheses += 1
            elif token.is_symbol(b")"):
                parentheses = max(parentheses - 1, 0)
            elif token.is_symbol(b";") and not parentheses and not blocks:
                return True
            elif not parentheses and (
                token.is_word(b"begin") or (blocks and token.is_word(b"case"))
            ):
                blocks += 1
            elif not parentheses and blocks and token.is_word(b"end"):
                blocks -= 1
        return False

    def _skip_special(self, first: bytes) -> None:
        tape = self._tape
        start = self._ahead(2)
        if start == b"--":
            self._line_comment()
        elif start == b"/*":
            self._block_comment()
        elif first == b"'":
            self._skip_string(escapes=not self.plain_strings)
        elif start in (b"e'", b"E'"):
            tape.at += 1
            self._skip_string(escapes=True)
        elif first == b'"':
            tape.at += 1
            self.cut |= not tape.skip_to(b'"')
        elif first == b"$" and (tag := self._dollar_tag()):
            self.cut |= not tape.skip_to(tag)
        elif first in b"$/-":
            tape.at += 1
        else:
            self._run(_WORD)

    def _ahead(self, count: int) -> bytes:
        self._tape.fill(count)
        return self._tape.data[self._tape.at : self._tape.at + count]

    def _run(self, pattern: re.Pattern[bytes]) -> None:
        tape = self._tape
        while True:
            match = pattern.match(tape.data, tape.at)
            assert match is not None
            tape.at = match.end()
            if tape.at < len(tape.data) or not tape.fill(1):
                return

    def _line_comment(self) -> None:
        self._tape.keep()
        self._tape.skip_to(b"\n")
        comment = (self._tape.kept() or b"").rstrip()
        if comment in (HEADER, TRAILER):
            self.unfinished = comment == HEADER

    def _block_comment(self) -> None:
        tape = self._tape
        tape.at += 2
        depth = 1
        while depth:
            match = _COMMENT_EDGE.search(tape.data, tape.at)
            if match is not None:
                tape.at = match.end()
                depth += 1 if match[0] == b"/*" else -1
                continue
            tape.at = max(tape.at, len(tape.data) - 1)
            if not tape.fill(len(tape.data) - tape.at + 1):
                self.cut = True
                return

    def _skip_string(self, *, escapes: bool) -> None:
        # At the quote that opens it.  Two quotes are one within, so the string ends at a quote that
        # no other follows.
        tape = self._tape
        while True:
            tape.at += 1
            if not (self._escaped_quote() if escapes else tape.skip_to(b"'")):
                self.cut = True
                return
            if self._ahead(1) != b"'":
                return

    def _escaped_quote(self) -> bool:
        tape = self._tape
        while True:
            match = _ESCAPED_EDGE.search(tape.data, tape.at)
            if match is None:
                tape.at = len(tape.data)
                if not tape.fill(1):
                    return False
            elif match[0] == b"'":
                tape.at = match.end()
                return True
            else:
                tape.at = match.start()
                if not tape.fill(2):
                    return False
                tape.at += 2

    def _string_token(self, *, escapes: bool) -> Token:
        self._tape.keep()
        self._skip_string(escapes=escapes)
        text = self._tape.kept()
        if text is None:
            return _OTHER
        if not escapes:
            return Token("string", text[1:-1].replace(b"''", b"'"))
        try:
            return Token("string", from_string(text[1:-1]))
        except ValueError:
            return Token("symbol", b"\\")

    def _name_token(self) -> Token:
        tape = self._tape
        tape.keep()
        while True:
            tape.at += 1
            if not tape.skip_to(b'"'):
                self.cut = True
                break
            if self._ahead(1) != b'"':
                break
        text = tape.kept()
        return _OTHER if text is None else Token("name", text[1:-1].replace(b'""', b'"'))

    def _word_token(self) -> Token:
        token = self._run_token("word", _WORD)
        if token.text == b"e" and self._ahead(1) == b"'":
            return self._string_token(escapes=True)
        return token

    def _run_token(self, kind: Kind, pattern: re.Pattern[bytes]) -> Token:
        self._tape.keep()
        self._run(pattern)
        text = self._tape.kept()
        return _OTHER if text is None else Token(kind, text.lower())

    def _dollar_tag(self) -> bytes | None:
        """What ends the string that $ or $tag$ begins here, gone behind it; ``None`` for others."""
        tape = self._tape
        if (after := self._ahead(2)[1:]) != b"$" and not _WORD_START.match(after):
            return None
        length = 64
        while True:
            start = self._ahead(length)
            match = _TAG.match(start, 1)
            assert match is not None
            end = match.end()
            if end < len(start):
                break
            if len(start) < length or length > BLOCK_BYTES:
                return None
            length *= 2
        if start[end : end + 1] != b"$":
            return None
        tape.at += end + 1
        return start[: end + 1]
