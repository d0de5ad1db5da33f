"""Planted identities and the net that finds them: marked values, every way of writing them, and what holds one."""

from __future__ import annotations

import base64
import calendar
import logging
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from django.views.debug import ExceptionReporter


class Marks:
    """Identities of marked values. Every name holds one word and every number one row of digits that nothing else of
    any test holds, so that a net of a few strings finds them all: in the page of one site and in a dump of everything.
    """

    def __init__(self) -> None:
        self.word = "zzq" + "".join(secrets.choice("bcdfghjklmnpqrstvwxyz") for _ in range(9))
        self.digits = "7" + "".join(secrets.choice("0123456789") for _ in range(8))
        self.born = f"192{secrets.randbelow(10)}-0{1 + secrets.randbelow(9)}-{10 + secrets.randbelow(18)}"
        self.planted = 0

    def person(self) -> dict[str, str]:
        """The next identity, as it is typed."""
        self.planted += 1
        ending = "abcdefghij"[self.planted]
        name = f"{self.word}{ending}"
        return {
            "full_name": f"{name.title()} {name.upper()}",
            "birth_date": self.born,
            "hospital_number": f"zq-{self.digits}/{self.planted}",
            "phone": f"+91 {self.digits}{self.planted}",
            "email": f"{name}@{name}.org",
            "address": f"{self.planted} {name.title()} Road\n{name.title()}",
            "guardian_name": f"{name.title()} {name.title()}",
            "guardian_relation": name.title(),
            "guardian_phone": f"{self.planted}{self.digits}",
        }


class Net:
    """`net.found_in(anything)` tells which marks stand in it: plain, in any case, in hexadecimal, in base64."""

    def __init__(self, marks: Marks) -> None:
        year, month, day = marks.born.split("-")
        names = [marks.word, marks.word.title(), marks.word.upper()]
        born = [marks.born, f"{day}/{month}/{year}", f"{day} {calendar.month_abbr[int(month)]} {year}"]
        kept = [*names, marks.digits, *born]
        self._folded = {text.lower() for text in kept} | {text.encode().hex() for text in kept}
        self._exact = {part for text in kept for part in _base64_of(text.encode())}

    def hold(self, keys: Iterable[str]) -> None:
        """Blind keys, in hexadecimal, are found as well: as they are, and as the bytes that they stand for."""
        for key in keys:
            self._folded.add(key)
            self._exact.update(_base64_of(bytes.fromhex(key)))

    def found_in(self, *held: Any) -> set[str]:
        found: set[str] = set()
        for one in held:
            text = (
                bytes(one).decode("utf-8", "replace")
                if isinstance(one, bytes | bytearray | memoryview)
                else str(one)
            )
            folded = text.lower()
            found |= {mark for mark in self._folded if mark in folded}
            found |= {mark for mark in self._exact if mark in text}
        return found


def _base64_of(text: bytes) -> Iterator[str]:
    """The part of a base64 text that is the same whatever stands before and after, for each of three places."""
    for lead in range(3):
        whole = base64.b64encode(b"\0" * lead + text + b"\0" * 3).decode()
        first, last = -(-lead * 4 // 3), (lead + len(text)) * 4 // 3
        kept = whole[first:last]
        yield kept
        yield kept.replace("+", "-").replace("/", "_")


FORMATTER = logging.Formatter()  # with the traceback


class Ears(logging.Handler):
    """Everything that any logger says at any level: message, arguments and traceback."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name}: {FORMATTER.format(record)} {record.args!r}")

    def reports_of(self, request: Any, error: BaseException) -> None:
        """The error reports that Django would send: as a page with local variables, and as text."""
        reporter = ExceptionReporter(request, type(error), error, error.__traceback__, is_email=True)
        self.heard += [reporter.get_traceback_html(), reporter.get_traceback_text()]


def listening_loggers() -> Iterable[logging.Logger]:
    """The root, and every logger that keeps what it hears to itself."""
    yield logging.getLogger()
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if not logger.propagate:
            yield logger


def whole(answer: Any) -> list[Any]:
    """Everything of a response that leaves the portal: status line, headers, cookies, body."""
    body = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    return [str(answer.status_code), repr(dict(answer.items())), answer.cookies.output(), body]
