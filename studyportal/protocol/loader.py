"""The protocol file → `Protocol`, or every error with file, line and reason."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .reading import Issue, Source, read
from .schema import Loc, Protocol, cross_check

DEFAULT_PATH = Path(__file__).resolve().parents[2] / "config" / "protocol" / "t1dm_cell_therapy.yaml"
_MAX_BYTES = 2_000_000


class ProtocolError(Exception):
    """The protocol file is wrong. `.issues`: each with line, place and reason; `str()`: all of them, to be read."""

    def __init__(self, path: str, issues: list[Issue]) -> None:
        self.path = path
        self.issues = sorted(issues, key=lambda issue: issue.line)
        super().__init__(str(self))

    @property
    def lines(self) -> list[str]:
        """`file:line: place: reason`, one for each error."""
        out = []
        for issue in self.issues:
            place = place_text(issue.loc)
            out.append(f"{self.path}:{issue.line}: {place + ': ' if place else ''}{issue.reason}")
        return out

    def __str__(self) -> str:
        many = len(self.issues)
        head = f"The protocol cannot be used: {many} error{'s' if many != 1 else ''}. Mend the file and start again."
        return "\n".join([head, *("  " + line for line in self.lines)])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.issues)


def place_text(loc: Loc) -> str:
    """("visits", 2, "window_before") → visits[2].window_before"""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def load(path: str | os.PathLike[str]) -> Protocol:
    """Read, validate and cross-check the file. Raises ProtocolError with every error found."""
    name = _shown(Path(path))
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); set PROTOCOL_FILE to an existing protocol file"
        raise ProtocolError(name, [Issue(1, (), reason)]) from error
    if len(raw) > _MAX_BYTES:
        raise ProtocolError(name, [Issue(1, (), f"larger than {_MAX_BYTES} bytes; this is no protocol file")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ProtocolError(name, [Issue(line, (), "not UTF-8 text; save the file as UTF-8")]) from error
    protocol = parse(text, name=name)
    protocol._sha256 = hashlib.sha256(raw).hexdigest()
    return protocol


def parse(text: str, *, name: str = "protocol") -> Protocol:
    """As `load`, from text."""
    source = read(text)
    if source.issues:
        raise ProtocolError(name, source.issues)
    if not isinstance(source.data, dict):
        raise ProtocolError(
            name, [Issue(1, (), "a mapping is expected: `study:`, `groups:`, `visits:` and so on")]
        )
    try:
        protocol = Protocol.model_validate(source.data)
    except ValidationError as error:
        raise ProtocolError(name, _issues(error, source)) from None
    found = [Issue(source.line_of(loc), loc, reason) for loc, reason in cross_check(protocol)]
    if found:
        raise ProtocolError(name, found)
    protocol._text, protocol._path = text, name
    protocol._sha256 = hashlib.sha256(text.encode()).hexdigest()
    return protocol


def _issues(error: ValidationError, source: Source) -> list[Issue]:
    return [
        Issue(source.line_of(detail["loc"]), source.place_of(detail["loc"]), _reason(detail))
        for detail in error.errors(include_url=False)
    ]


def _reason(detail: Mapping[str, Any]) -> str:
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx") or {}
    last = detail["loc"][-1] if detail["loc"] else ""
    if kind == "missing":
        return f"{last!r} is missing; add it"
    if kind == "extra_forbidden":
        return f"the key {last!r} is not known here; correct the spelling or remove it"
    if kind == "string_type" and isinstance(given, (int, Decimal)) and not isinstance(given, bool):
        return f'text is expected, but {given} is a number; put it in quotes: "{given}"'
    if kind == "string_pattern_mismatch":
        return f"{given!r} is no valid key: a letter first, then letters, digits, - or _"
    if kind == "literal_error":
        return f"{given!r} is not one of {context.get('expected')}"
    if kind == "union_tag_not_found":
        return "'kind' is missing; it says what sort of criterion this is"
    if kind == "union_tag_invalid":
        return f"kind {context.get('tag')!r} is not one of {context.get('expected_tags')}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    shown = isinstance(given, (str, int, Decimal)) and kind not in ("value_error", "unit", "loinc")
    return (
        f"{message} (given: {given!r})"
        if shown and not isinstance(given, Decimal)
        else (f"{message} (given: {given})" if shown else message)
    )


def _shown(path: Path) -> str:
    """Relative to the project where possible: the name that people know."""
    try:
        return str(path.resolve().relative_to(DEFAULT_PATH.parents[2]))
    except ValueError:
        return str(path)


def configured_path() -> Path:
    """PROTOCOL_FILE of the settings; the study's own file without it, or outside of Django."""
    from django.conf import settings

    configured = getattr(settings, "PROTOCOL_FILE", None) if settings.configured else None
    return Path(configured) if configured else DEFAULT_PATH


@lru_cache(maxsize=4)
def _cached(path: Path) -> Protocol:
    return load(path)


def current() -> Protocol:
    """The protocol that this process runs, read once. Raises ProtocolError."""
    return _cached(configured_path())


def forget() -> None:
    """Read the file anew at the next `current()` (tests, and the command that loads a new version)."""
    from . import versions

    _cached.cache_clear()
    versions.forget()
