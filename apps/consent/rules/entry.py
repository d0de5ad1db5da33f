"""What one entry of the log may say, whatever stands around it. Pure.

Nothing here can be recorded “as it happened”: these are contradictions, dates that have not come, and values that the
kind of entry does not have. What can happen and should not is in `circumstances`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from apps.consent.rules.events import (
    COPY_GIVEN,
    CORRECTION,
    DISSENT,
    LAR_CONSENT,
    OPTIONAL,
    OPTIONAL_ITEMS,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    RE_CONSENT,
    RECORDED,
    REPRESENTATIVES,
    SIGNATURES,
    WITHDRAWAL,
    WITNESSED,
    WRITTEN_ASSENT,
)
from studyportal.words import said

Said = tuple[str, str, str]

OPTIONAL_PURPOSES = frozenset(OPTIONAL)
SCREEN, PAPER, SPOKEN = "screen", "paper", "spoken"
SHORTEST_REASON = 10
# A page may be sent some time after the signature was drawn on it.
LATE = dt.timedelta(hours=1)
PNG = "image/png"

_WHEN = ("signed_on", "signed_at")
_WHO = (
    "signer", "signer_relationship", "signer_can_read", "capacity", "age_at_signature", "lar_relationship_proof",
)  # fmt: skip
_WORDS = (
    "document_version", "document_language", "ethics_approval_number", "ethics_approval_validity", "informed_at",
)  # fmt: skip
_HOW = ("method", "obtained_by")
_WITNESS = ("witness", "witness_relation")
_RECORDING = ("audio_visual", "recording_sha256", "recording_reason")
_ALWAYS = ("note", "as_it_happened")
_SIGNATURE = (
    *_WHEN, *_WHO, *_WORDS, *_HOW, *_WITNESS, *_RECORDING, "copy_given", "purposes", "declined", "session_number", *_ALWAYS,
)  # fmt: skip

# Kind of entry → the fields that it has. A correction has those of the entry that it corrects.
FIELDS_OF: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((*SIGNATURES, RE_CONSENT), frozenset(_SIGNATURE)),
    DISSENT: frozenset({*_WHEN, *_WHO, *_WORDS, *_HOW, *_WITNESS, *_RECORDING, *_ALWAYS}),
    OPTIONAL_ITEMS: frozenset({*_SIGNATURE} - {"session_number"}),
    WITHDRAWAL: frozenset(
        {*_WHEN, *_WHO, *_WORDS, *_HOW, *_WITNESS, *_RECORDING, "copy_given", "withdrawal_scopes", "data_retained", *_ALWAYS}
    ),
    WITNESSED: frozenset({*_WHEN, "signer_can_read", *_HOW, *_WITNESS, *_ALWAYS}),
    RECORDED: frozenset({*_WHEN, *_HOW, *_RECORDING, *_ALWAYS}),
    COPY_GIVEN: frozenset({*_WHEN, "signer", "signer_relationship", *_HOW, "copy_given", *_ALWAYS}),
}  # fmt: skip

# Entries under which somebody puts a name.
SIGNED_KINDS = (*SIGNATURES, RE_CONSENT, OPTIONAL_ITEMS)
ABOUT_A_SIGNATURE = (WITNESSED, RECORDED, COPY_GIVEN)


def signature_problems(values: Mapping[str, Any]) -> Iterable[Said]:
    """Hard rules of one entry: (field, code, message). Keys as in Event, and what only the moment of entry knows:

    of_kind: of a correction, the kind of the entry that it corrects; today: the day at the site; signed_day: the site's
    day of signed_at; sheet: content type of the signed sheet, None for none; past: a past record, which states what its
    source states.
    """
    kind = values.get("kind")
    of_kind = values.get("of_kind") or kind
    yield from _structure(kind, of_kind, values)
    yield from _days(values)
    yield from _who(of_kind, values)
    yield from _what_for(of_kind, values)
    yield from _recording(values)
    yield from _method(kind, of_kind, values)


def _given(value: Any) -> bool:
    return value not in (None, "", (), [])


def _structure(kind: Any, of_kind: Any, values: Mapping[str, Any]) -> Iterable[Said]:
    if kind == WITHDRAWAL and not values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "required",
            said("Say what is withdrawn: a withdrawal without a scope ends nothing."),
        )
    if of_kind != WITHDRAWAL and kind != CORRECTION and values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "not_expected",
            said("Only a withdrawal has scopes of withdrawal. Leave it empty."),
        )
    if kind == CORRECTION and not values.get("corrects"):
        yield "corrects", "required", said("Name the entry that is corrected.")
    if kind != CORRECTION and values.get("corrects"):
        yield "corrects", "not_expected", said("Only a correction names another entry. Leave it empty.")
    if kind == CORRECTION and not (values.get("note") or "").strip():
        yield (
            "note",
            "required",
            said("Give the reason of the correction: the first entry stays readable beside it."),
        )
    if kind not in ABOUT_A_SIGNATURE and values.get("concerns"):
        yield (
            "concerns",
            "not_expected",
            said(
                "Only a witness, a recording and a copy are about a signature that is in the log. Leave"
                " it empty."
            ),
        )
    has = FIELDS_OF.get(str(of_kind))
    if has is not None:
        every = frozenset().union(*FIELDS_OF.values())
        for name in sorted(every - has - {"withdrawal_scopes"}):
            if _given(values.get(name)):
                yield name, "not_expected", said("This kind of entry has no such value. Leave it empty.")
    reason = (values.get("as_it_happened") or "").strip()
    if reason and len(reason) < SHORTEST_REASON:
        yield (
            "as_it_happened",
            "too_short",
            said(
                "Say what happened and why, in at least %(shortest_reason)s characters.",
                shortest_reason=SHORTEST_REASON,
            ),
        )


def _days(values: Mapping[str, Any]) -> Iterable[Said]:
    signed_on, signed_at = values.get("signed_on"), values.get("signed_at")
    entered_at, today, informed_at = (
        values.get("entered_at"),
        values.get("today"),
        values.get("informed_at"),
    )
    if entered_at is not None:
        # Without the site's day one day of grace: it may be ahead of UTC.
        limit = today or entered_at.date() + dt.timedelta(days=1)
        if signed_on is not None and signed_on.earliest is not None and signed_on.earliest > limit:
            yield "signed_on", "in_future", said("The date of signature lies in the future.")
        latest = entered_at + dt.timedelta(minutes=5)
        if signed_at is not None and signed_at > latest:
            yield "signed_at", "in_future", said("The time of signature lies in the future.")
        if informed_at is not None and informed_at > latest:
            yield "informed_at", "in_future", said("The time of the information lies in the future.")
    if signed_at is not None and signed_on is not None and signed_on.earliest is not None:
        day, grace = values.get("signed_day"), 0
        if day is None:
            day, grace = signed_at.date(), 1
        before, after = (signed_on.earliest - day).days, (day - signed_on.latest).days
        if max(before, after) > grace:
            yield (
                "signed_at",
                "contradiction",
                said("The time of signature is on another day than the date of signature."),
            )


def _who(kind: Any, values: Mapping[str, Any]) -> Iterable[Said]:
    signer = values.get("signer")
    if kind == LAR_CONSENT and signer == "participant":
        yield (
            "signer",
            "not_a_representative",
            said("A representative signs this consent, not the participant."),
        )
    if kind in (ORAL_ASSENT, WRITTEN_ASSENT) and signer in REPRESENTATIVES:
        yield "signer", "not_the_child", said("Assent is given by the child, not by a representative.")
    if kind == DISSENT and signer in REPRESENTATIVES:
        yield "signer", "not_the_child", said("Dissent is the child's own. A representative withdraws.")
    if kind == OWN_CONSENT and signer in REPRESENTATIVES:
        yield (
            "signer",
            "not_the_participant",
            said("This is the participant's own consent. Choose the consent of a representative."),
        )
    if signer not in (None, "other") and _given(values.get("signer_relationship")):
        yield (
            "signer_relationship",
            "not_expected",
            said("The signer says it already. Give the relationship of another representative only."),
        )


def _what_for(kind: Any, values: Mapping[str, Any]) -> Iterable[Said]:
    purposes, declined = set(values.get("purposes") or ()), set(values.get("declined") or ())
    if both := sorted(purposes & declined):
        yield (
            "declined",
            "contradiction",
            said("Consented to and declined at once: %(both)s. Leave one of the two.", both=list(both)),
        )
    if kind == OPTIONAL_ITEMS:
        if not purposes | declined:
            yield (
                "purposes",
                "required",
                said("Say which optional items are agreed to, and which are declined."),
            )
        if purposes - OPTIONAL_PURPOSES:
            yield (
                "purposes",
                "not_optional",
                said("Only optional items are changed here. Taking part and procedures need a consent."),
            )
        if declined - OPTIONAL_PURPOSES:
            yield "declined", "not_optional", said("Taking part and procedures are ended by a withdrawal.")
    elif PARTICIPATION in declined:
        yield (
            "declined",
            "not_optional",
            said("Who does not take part does not sign. Leave taking part out here."),
        )
    if _given(values.get("session_number")) and purposes and PROCEDURE not in purposes:
        yield (
            "session_number",
            "contradiction",
            said("A session is named, but harvest and infusion are not among what is consented to."),
        )


def _recording(values: Mapping[str, Any]) -> Iterable[Said]:
    state, digest = values.get("audio_visual"), values.get("recording_sha256")
    if values.get("kind") == RECORDED and not state:
        yield (
            "audio_visual",
            "required",
            said("Say whether the recording was required, and whether it was made."),
        )
    if _given(digest):
        if re.fullmatch(r"[0-9a-fA-F]{64}", str(digest)) is None:
            yield (
                "recording_sha256",
                "sha256",
                said("A SHA-256 is 64 digits and letters a to f. Copy it from the tool that made it."),
            )
        if state in ("not_required", "required_not_done"):
            yield "recording_sha256", "contradiction", said("There is a recording, so it was made.")
    if state == "recorded" and _given(values.get("recording_reason")):
        yield (
            "recording_reason",
            "contradiction",
            said("The recording was made, so nothing is to be explained."),
        )


def _method(kind: Any, of_kind: Any, values: Mapping[str, Any]) -> Iterable[Said]:
    sheet = values.get("sheet")
    if of_kind == RECORDED and sheet is not None:
        yield "sheet", "not_expected", said("A recording has no sheet: only its SHA-256 is kept here.")
    if values.get("method") != SCREEN or kind == CORRECTION:
        return
    # On the screen the portal itself is there: it shows the words, and takes the signature now.
    if of_kind == RECORDED:
        yield "method", "choice", said("A recording is signed by nobody.")
    if _given(values.get("as_it_happened")):
        yield (
            "as_it_happened",
            "not_on_screen",
            said(
                "What is signed on the screen follows the rules. Record as it happened what was signed on"
                " paper."
            ),
        )
    today, signed_on = values.get("today"), values.get("signed_on")
    if today is not None and signed_on is not None and not (signed_on.earliest == signed_on.latest == today):
        yield "signed_on", "not_now", said("What is signed on the screen is signed today.")
    moment, entered_at = values.get("signed_at"), values.get("entered_at")
    if moment is not None and entered_at is not None and moment < entered_at - LATE:
        yield (
            "signed_at",
            "not_now",
            said("What is signed on the screen is signed now. Leave the time empty."),
        )
    if values.get("past"):
        yield "method", "past", said("A past record was not signed on this screen.")
    if of_kind in (*SIGNED_KINDS, WITHDRAWAL, WITNESSED, COPY_GIVEN) and sheet != PNG:
        yield "sheet", "signature_required", said("Draw the signature, or have it signed on paper.")
    if of_kind in (*SIGNATURES, RE_CONSENT) and not values.get("document_id"):
        yield "document", "required", said("Choose the document that was shown and signed.")


def absent_problems(
    absent: Mapping[str, str], known: Collection[str], stated: Mapping[str, Any]
) -> Iterable[Said]:
    """Reasons for absent values: only for fields that exist and are absent."""
    for name in absent:
        if name not in known:
            yield f"absent.{name}", "unknown_field", said("There is no such field.")
        elif _given(stated.get(name)):
            yield (
                f"absent.{name}",
                "contradiction",
                said("A value is given, so there is no reason for its absence."),
            )
