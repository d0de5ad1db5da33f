"""Two versions of the words of a document, side by side: what was taken out and what came in. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "removed", "added"]
# Comparing word by word takes time with the square of the length; longer paragraphs are shown whole.
MOST_WORDS = 1500


@dataclass(frozen=True)
class Piece:
    kind: Kind
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of either version; `kind` same, removed, added, or changed when it holds pieces of several kinds."""

    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> str:
        kinds = {piece.kind for piece in self.pieces}
        return kinds.pop() if len(kinds) == 1 else "changed"


def paragraphs(text: str) -> list[str]:
    """An empty line begins a paragraph."""
    return [one.strip() for one in re.split(r"\n\s*\n", text) if one.strip()]


def compare(before: str, after: str) -> tuple[Paragraph, ...]:
    """Every paragraph of both versions in order; a paragraph that changed is compared word by word."""
    old, new = paragraphs(before), paragraphs(after)
    return tuple(_paragraphs(old, new))


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Paragraph((Piece("same", text),)) for text in old[a:b])
            continue
        gone, come = list(old[a:b]), list(new[c:d])
        # Paragraphs that stand in the same place are taken for the same one; the rest was taken out or came in.
        for one, other in zip(gone, come, strict=False):
            yield _words(one, other)
        both = min(len(gone), len(come))
        yield from (Paragraph((Piece("removed", text),)) for text in gone[both:])
        yield from (Paragraph((Piece("added", text),)) for text in come[both:])


def _words(before: str, after: str) -> Paragraph:
    old, new = _tokens(before), _tokens(after)
    if max(len(old), len(new)) > 2 * MOST_WORDS:
        return Paragraph((Piece("removed", before), Piece("added", after)))
    pieces: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(Piece("removed", "".join(old[a:b])))
        if d > c:
            pieces.append(Piece("added", "".join(new[c:d])))
    return Paragraph(tuple(pieces))


def _tokens(text: str) -> list[str]:
    """Words and what lies between them; put together again they are the text."""
    return re.findall(r"\s+|\S+", text)
