"""Questions 6, 7 and 8: who obtained each signature, who witnessed it, and whether it was recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import RECORDED, REPRESENTATIVES, WITNESSED, Event
from apps.consent.rules.findings.case import Asking, ConsentFinding, day_of, name_of
from apps.consent.rules.findings.minors import CANNOT_DECIDE, is_child
from studyportal.words import said

STUDY_STAFF = "study_staff"


def obtained(asking: Asking) -> Iterator[ConsentFinding]:
    """6."""
    for event in asking.case.signed:
        named = name_of(event)
        if event.obtainer is None:
            if not event.obtained_by:
                yield asking.finding(
                    6,
                    "obtainer_missing",
                    "major",
                    said("Who obtained the %(named)s is not recorded.", named=named),
                    about=event,
                    open_question=True,
                )
            elif not asking.case.retrospective and asking.site.delegations is not None:
                yield asking.finding(
                    6,
                    "obtainer_in_words",
                    "major",
                    said("Who obtained the %(named)s is named in words only (“%(obtained_by)s”): the"
" delegation of that person on that day cannot be shown.", named=named, obtained_by=event.obtained_by),
                    about=event,
                    open_question=True,
                )  # fmt: skip
            continue
        placed = day_of(event)
        if placed is None or asking.case.retrospective:
            continue
        if asking.site.delegations is not None:
            known = asking.site.delegated(event.obtainer, *placed)
            if known != "yes":
                yield asking.finding(
                    6,
                    "not_delegated" if known == "no" else "delegation_unclear",
                    "major",
                    said(
                        "Who obtained the %(named)s held no role at the site on that day that may obtain"
                        " consent.",
                        named=named,
                    )
                    if known == "no"
                    else said(
                        "It cannot be shown that who obtained the %(named)s held a role at the site"
                        " that may.",
                        named=named,
                    ),
                    about=event,
                    open_question=known == "unclear",
                )
        if asking.site.trainings is not None:
            known = asking.site.trained(event.obtainer, *placed)
            if known != "yes":
                yield asking.finding(
                    6,
                    "not_trained" if known == "no" else "training_unclear",
                    "major",
                    said(
                        "For who obtained the %(named)s no certificate of training was valid on that day.",
                        named=named,
                    )
                    if known == "no"
                    else said(
                        "It cannot be shown that the training of who obtained the %(named)s was"
                        " valid on that day.",
                        named=named,
                    ),
                    about=event,
                    open_question=known == "unclear",
                )


def cannot_read(asking: Asking, event: Event) -> bool:
    """Whether the signer of this entry cannot read, by the entry itself, else by the demographics of the participant."""
    if event.signer_can_read is not None:
        return not event.signer_can_read
    return bool(asking.case.cannot_read) and event.signer == "participant"


def witnessed(asking: Asking) -> Iterator[ConsentFinding]:
    """7."""
    case = asking.case
    for event in case.signed:
        if not cannot_read(asking, event):
            continue
        entries = [event, *case.about(event, WITNESSED)]
        witness = next((one.witness for one in entries if one.witness), None)
        relation = next((one.witness_relation for one in entries if one.witness_relation), None)
        named = name_of(event)
        if not witness and not relation:
            yield asking.finding(
                7,
                "witness_missing",
                "major",
                said("The signer cannot read; no witness of the %(named)s.", named=named),
                about=event,
            )
        elif relation == STUDY_STAFF or (witness or "").strip().casefold() in asking.site.staff:
            yield asking.finding(
                7,
                "witness_is_staff",
                "major",
                said("The witness of the %(named)s is study staff, not impartial.", named=named),
                about=event,
            )
        elif relation is None and not case.retrospective:
            yield asking.finding(
                7,
                "witness_relation_missing",
                "minor",
                said(
                    "Who the witness of the %(named)s is, is not recorded: that the witness is impartial"
                    " cannot be shown.",
                    named=named,
                ),
                about=event,
                open_question=True,
            )


def recorded(asking: Asking) -> Iterator[ConsentFinding]:
    """8."""
    case = asking.case
    for event in case.signed:
        entries = [*reversed(case.about(event, RECORDED)), event]
        state = next((one.audio_visual for one in entries if one.audio_visual), None)
        reason = next((one.recording_reason for one in entries if one.recording_reason), None)
        checksum = next((one.recording_sha256 for one in entries if one.recording_sha256), None)
        named = name_of(event)
        if state == "required_not_done":
            yield asking.finding(
                8,
                "recording_not_done" if reason else "recording_missing",
                "minor" if reason else "major",
                said("The %(named)s had to be recorded and was not", named=named)
                + (f": {reason}." if reason else "."),
                about=event,
            )
        elif state == "recorded" or checksum:
            if not checksum and not case.retrospective:
                yield asking.finding(
                    8,
                    "recording_without_checksum",
                    "minor",
                    said(
                        "The %(named)s is said to be recorded; the checksum of the recording is not in"
                        " the log.",
                        named=named,
                    ),
                    about=event,
                    open_question=True,
                )
        elif state is None:
            yield asking.finding(
                8,
                "recording_not_stated",
                "minor",
                said(
                    "Whether an audio-visual recording of the %(named)s was required and made is not"
                    " recorded.",
                    named=named,
                ),
                about=event,
                open_question=True,
            )
        elif not case.retrospective and _recording_required(asking, event):
            yield asking.finding(
                8,
                "recording_required",
                "major",
                said(
                    "The protocol asks for a recording of the %(named)s; the entry says that none was"
                    " required.",
                    named=named,
                ),
                about=event,
            )


def _recording_required(asking: Asking, event: Event) -> bool:
    """Whether the protocol certainly asks for it, as the signers of that day were."""
    when = asking.study.terms.recording
    if when != "vulnerable":
        return when == "always"
    placed = day_of(event)
    return (
        event.capacity == CANNOT_DECIDE
        or cannot_read(asking, event)
        or event.signer in REPRESENTATIVES
        or (placed is not None and is_child(asking.case, placed[1], asking.study.terms.adult_from))
    )
