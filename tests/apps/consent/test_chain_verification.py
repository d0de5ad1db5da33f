"""The walk along the chain, as a table: one log for each kind of tampering. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from apps.consent.rules import canonical
from apps.consent.rules.verification import KEPT, Entry, Mark, Outcome, Walk

DAY = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def a_log(length: int = 6, *, salt: str = "") -> list[Entry]:
    found, before = [], canonical.FIRST
    for number in range(1, length + 1):
        content = canonical.content_sha256({"number": number, "salt": salt})
        sha256 = canonical.link(number, before, content)
        found.append(Entry(number, before, content, sha256, content, DAY + number * MINUTE))
        before = sha256
    return found


def rechained(entries: list[Entry]) -> list[Entry]:
    found, before = [], canonical.FIRST
    for number, one in enumerate(entries, start=1):
        content = one.computed_sha256 or one.content_sha256
        sha256 = canonical.link(number, before, content)
        found.append(
            replace(one, sequence=number, previous_sha256=before, content_sha256=content, sha256=sha256)
        )
        before = sha256
    return found


def walked(
    entries: list[Entry], marks: tuple[Mark, ...] = (), head: tuple[int, str] | str | None = "last"
) -> Outcome:
    walk = Walk(marks)
    for one in entries:
        walk.take(one)
    if head == "last":
        head = (entries[-1].sequence, entries[-1].sha256) if entries else (0, "")
    return walk.end(head)  # type: ignore[arg-type]


def codes(outcome: Outcome) -> list[tuple[int, str]]:
    return [(fault.sequence, fault.code) for fault in outcome.faults]


def mark(entries: list[Entry], count: int, at: dt.datetime = DAY + 60 * MINUTE) -> Mark:
    return Mark(count, entries[count - 1].sha256, at, f"checkpoint {count}")


LOG = a_log()
HEAD = (6, LOG[-1].sha256)


def test_an_intact_log() -> None:
    outcome = walked(LOG, (mark(LOG, 3), mark(LOG, 6)), HEAD)
    assert outcome.intact
    assert (outcome.count, outcome.sha256) == HEAD
    assert walked([]).intact
    assert walked([]).sha256 == ""


def test_links_alone_are_enough_for_the_chain() -> None:
    bare = [replace(one, computed_sha256=None, entered_at=None) for one in LOG]
    assert walked(bare, (mark(LOG, 6),)).intact
    bare[3] = replace(bare[3], content_sha256="f" * 64)
    assert codes(walked(bare, head=None)) == [(4, "moved")]


def edited() -> list[Entry]:
    return [replace(one, computed_sha256="e" * 64) if one.sequence == 3 else one for one in LOG]


def edited_with_its_hashes() -> list[Entry]:
    """Content, its hash and the entry's own were made anew, the next entry was forgotten."""
    content = "e" * 64
    third = LOG[2]
    sha256 = canonical.link(3, third.previous_sha256, content)
    return [
        *LOG[:2],
        replace(third, computed_sha256=content, content_sha256=content, sha256=sha256),
        *LOG[3:],
    ]


def exchanged_contents() -> list[Entry]:
    a, b = LOG[1], LOG[4]
    return [
        replace(one, computed_sha256={2: b, 5: a}[one.sequence].computed_sha256)
        if one.sequence in (2, 5)
        else one
        for one in LOG
    ]


def exchanged_numbers() -> list[Entry]:
    second, fifth = replace(LOG[4], sequence=2), replace(LOG[1], sequence=5)
    return [LOG[0], second, LOG[2], LOG[3], fifth, LOG[5]]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (edited(), [(3, "edited")]),
        (edited_with_its_hashes(), [(4, "fork")]),
        (LOG[:2] + LOG[3:], [(3, "gap")]),
        (LOG[:1] + LOG[4:], [(2, "gap")]),
        (LOG[1:], [(1, "gap")]),
        (LOG[:-1], [(6, "cut_off")]),
        ([], [(1, "cut_off")]),
        ([*LOG[:4], LOG[3], *LOG[4:]], [(4, "fork")]),
        (exchanged_contents(), [(2, "swapped"), (5, "swapped")]),
        (
            exchanged_numbers(),
            [(2, "fork"), (2, "swapped"), (3, "fork"), (5, "fork"), (5, "swapped"), (6, "fork")],
        ),
        (
            [replace(one, entered_at=DAY - dt.timedelta(days=30)) if one.sequence == 4 else one for one in LOG],
            [(4, "back_dated")],
        ),
    ],
    ids=["edited", "edited with its hashes", "middle deleted", "several deleted", "first deleted", "last deleted",
         "all deleted", "twice", "contents exchanged", "numbers exchanged", "back-dated"],
)  # fmt: skip
def test_each_kind_of_tampering_is_named(entries: list[Entry], expected: list[tuple[int, str]]) -> None:
    outcome = walked(entries, head=HEAD)
    assert sorted(codes(outcome)) == sorted(expected)
    assert not outcome.intact
    for fault in outcome.faults:
        assert str(fault.sequence) in fault.message or fault.code == "cut_off"


def test_a_short_wait_in_line_is_no_back_dating() -> None:
    entries = [replace(one, entered_at=DAY - 3 * MINUTE) if one.sequence == 4 else one for one in LOG]
    assert walked(rechained(entries)).intact


def test_a_log_that_was_written_anew_is_shown_by_an_earlier_checkpoint() -> None:
    anew = rechained(edited())
    assert walked(anew).intact, "in itself it is consistent"
    assert codes(walked(anew, (mark(LOG, 2),))) == [], "up to there nothing changed"
    assert codes(walked(anew, (mark(LOG, 2), mark(LOG, 4)))) == [(4, "rechained")]


def test_a_log_without_its_last_entries_is_shown_by_a_checkpoint() -> None:
    cut = LOG[:3]
    assert codes(walked(cut, (mark(LOG, 5),), head=(3, LOG[2].sha256))) == [(4, "cut_off")]


def test_an_entry_put_in_before_a_checkpoint() -> None:
    put_in = rechained([*LOG[:3], replace(LOG[0], computed_sha256="9" * 64), *LOG[3:]])
    assert ("rechained") in [code for _n, code in codes(walked(put_in, (mark(LOG, 6),)))]


def test_an_entry_that_a_checkpoint_held_before_it_was_entered() -> None:
    assert codes(walked(LOG, (mark(LOG, 6, at=DAY - 60 * MINUTE),))) == [(6, "back_dated")]


def test_a_head_that_says_something_else() -> None:
    assert codes(walked(LOG, head=(6, "a" * 64))) == [(6, "head")]
    assert codes(walked(LOG, head=(4, LOG[3].sha256))) == [(6, "head")]
    assert codes(walked(LOG, head=(9, LOG[5].sha256))) == [(7, "cut_off")]


def test_faults_without_end_are_counted() -> None:
    log = [replace(one, computed_sha256="e" * 64) for one in a_log(900)]
    outcome = walked(log)
    assert (len(outcome.faults), outcome.faults_in_all) == (KEPT, 900)


# --- The canonical form ----------------------------------------------------------------------------------


def test_the_canonical_text() -> None:
    content = canonical.content_of(
        {
            "z": "क\"\\\n\t\x01\x7f", "a": 12, "b": None, "day": dt.date(2016, 2, 29), "yes": True,
            "at": dt.datetime(2016, 2, 29, 5, 30, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
            "list": ("x", "y"), "absent": {"b": "unknown", "a": "not_done"},
        },
        "00",
    )  # fmt: skip
    assert canonical.text_of(content) == (
        '{"a":12,"absent":{"a":"not_done","b":"unknown"},"at":"2016-02-29T00:00:00.000000Z","day":"2016-02-29",'
        '"format":"consent-event/1","list":["x","y"],"salt":"00","yes":true,"z":"क\\"\\\\\\n\\t\\u0001\x7f"}'
    )


@pytest.mark.parametrize("value", [1.5, dt.datetime(2016, 1, 1), object(), b"x"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical.content_of({"a": value}, "00")


def test_a_known_link() -> None:
    """So that another program can be held against it."""
    import hashlib

    said = b"consent-log/1\n1\n" + b"0" * 64 + b"\n" + b"a" * 64 + b"\n"
    assert canonical.link(1, canonical.FIRST, "a" * 64) == hashlib.sha256(said).hexdigest()
