"""What is shown of the review of one record: on the page of its form, and where it is verified, locked, unlocked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import Change
from studyportal.crf import display
from studyportal.crf.panels import Panel
from studyportal.crf.spec import CrfSpec
from studyportal.review import actions, rules, selectors
from studyportal.review.kinds import VISIT, Kind, kinds
from studyportal.review.models import Lock, Source, Verification
from studyportal.review.page import badges
from studyportal.review.rules import ReviewState
from studyportal.ui.parts import Change as ShownChange
from studyportal.ui.parts import FieldView
from studyportal.words import translated


@dataclass(frozen=True)
class RecordAct:
    """What a person does to one record. open_to: whether it can be done as the record stands."""

    key: str
    permission: Permission
    title: str | Promise
    about: str | Promise
    button: str | Promise
    said: str | Promise
    open_to: Callable[[ReviewState], bool]
    danger: bool = False


RECORD_ACTS = {
    act.key: act
    for act in (
        RecordAct(
            "verify",
            Permission.VERIFY_SOURCE,
            lazy("Verify against the source"),
            lazy(
                "Compare each value with its source, and mark those that agree. A later change breaks the mark."
            ),
            lazy("Verify the marked values"),
            lazy("The verification is kept."),
            lambda state: state.complete,
        ),
        RecordAct(
            "take-back",
            Permission.VERIFY_SOURCE,
            lazy("Take the verification back"),
            lazy("What was marked stays in the history, with your reason."),
            lazy("Take it back"),
            lazy("The verification is taken back."),
            lambda state: (
                (state.verified or state.broken or bool(state.verified_fields)) and not state.closed
            ),
            danger=True,
        ),
        RecordAct(
            "lock",
            Permission.LOCK_RECORDS,
            lazy("Lock this record"),
            lazy("Nobody can change a locked record. It can be unlocked again, with a reason."),
            lazy("Lock it"),
            lazy("The record is locked."),
            lambda state: not state.locked,
        ),
        RecordAct(
            "unlock",
            Permission.LOCK_RECORDS,
            lazy("Unlock this record"),
            lazy("It can be changed again. The lock and your reason stay in its history."),
            lazy("Unlock it"),
            lazy("The record is unlocked."),
            lambda state: state.locked,
            danger=True,
        ),
    )
}


def acts_for(user: User, site_id: int, state: ReviewState) -> list[RecordAct]:
    return [act for act in RECORD_ACTS.values() if act.open_to(state) and user.may(act.permission, site_id)]


# --- On the page of the form -----------------------------------------------------------------------------


def head_panel(request: HttpRequest, spec: CrfSpec, record: Any) -> Panel | None:
    """Above the form: what closes it, and what a change would break. Nothing for a form that nobody reviewed."""
    state = _state(request, spec.key, record.pk)
    if not badges(state):
        return None
    return Panel("review-head", "review/_head.html", "head", {"state": state, "badges": badges(state)})


def foot_panel(request: HttpRequest, spec: CrfSpec, record: Any) -> Panel | None:
    """Below the form: where it stands in the review, and what can be done next."""
    kind = kinds([spec.key])[spec.key]
    state = _state(request, spec.key, record.pk)
    user: Any = request.user
    acts = acts_for(user, record.site_id, state)
    events = timeline(kind, record.pk)
    if not (acts or events or state.complete):
        return None
    needed = actions.needed_by(kind, record.pk)
    return Panel(
        "review-foot",
        "review/_foot.html",
        "foot",
        {
            "state": state,
            "badges": badges(state),
            "acts": [(act, reverse("review:act", args=[spec.key, record.pk, act.key])) for act in acts],
            "waits": waits_for(state, needed),
            "events": events,
        },
    )


def waits_for(state: ReviewState, needed: rules.Needed) -> list[str]:
    """What must still be done before it can be locked, in words."""
    return (
        [] if state.locked else [translated(bar.message) for bar in rules.bars(state, rules.Act.LOCK, needed)]
    )


def _state(request: HttpRequest, form: str, pk: int) -> ReviewState:
    """Asked once for both panels of a page."""
    held: dict[Any, ReviewState] = request.__dict__.setdefault("_review_states", {})
    if (form, pk) not in held:
        held |= selectors.states({form: [pk]})
    return held.get((form, pk), ReviewState())


def timeline(kind: Kind, pk: int) -> list[Change]:
    """What the review did to a record, as lines of its history, newest first: two queries."""
    lines = [
        *_marks(kind, selectors.verifications_on(kind.form, pk)),
        *map(_lock, selectors.locks_on(kind.form, pk)),
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def history(spec: CrfSpec, record: Any) -> list[Change]:
    return timeline(kinds([spec.key])[spec.key], record.pk)


def _marks(kind: Kind, marks: Iterable[Verification]) -> list[Any]:
    """Marks that were set together are one line."""
    together: dict[Any, list[Verification]] = {}
    for one in marks:
        together.setdefault((one.at.replace(microsecond=0), one.by_id, one.act, one.note), []).append(one)
    lines = []
    for group in together.values():
        first = group[0]
        names = [_label(kind, one.field) for one in reversed(group) if one.field]
        what = ", ".join(names) if names else _("whole form")
        lines.append(
            ShownChange(
                at=first.at,
                by=first.by_name,
                source=first.get_method_display(),
                reason=first.note,
                label=f"{first.get_act_display()}: {what} ({_('version')} {first.record_version})",
            )
        )
    return lines


def _lock(one: Lock) -> Any:
    return ShownChange(at=one.at, by=one.by_name, source="", reason=one.reason, label=one.get_act_display())


def _label(kind: Kind, name: str) -> str:
    known = {} if kind.spec is None else kind.spec.fields
    return str(known[name].label) if name in known else name


# --- The page of one act ---------------------------------------------------------------------------------


def act_page(
    kind: Kind, record: Any, act: RecordAct, state: ReviewState, typed: QueryDict | Mapping[str, Any]
) -> dict[str, Any]:
    assert kind.spec is not None
    needed = actions.needed_by(kind, record.pk)
    return {
        "spec": kind.spec,
        "record": record,
        "participant": record.participant,
        "synthetic": getattr(record.participant, "synthetic", False),
        "parents": display.parents_in_words(kind.spec, record),
        "act": act,
        "state": state,
        "badges": badges(state),
        "waits": waits_for(state, needed) if act.key == "lock" else [],
        "lines": _lines(kind, record, state, typed) if act.key == "verify" else [],
        "fields": _fields(act.key, typed),
        "form_url": reverse("crf:edit", args=[kind.form, record.pk]),
    }


def _lines(kind: Kind, record: Any, state: ReviewState, typed: Any) -> list[Any]:
    """Section by section, each value that is typed: with its mark, and whether the protocol asks it."""
    assert kind.spec is not None
    asked = set(protocol.current().review.fields_asked(kind.form))
    marked = set(typed.getlist("field")) if hasattr(typed, "getlist") else set()
    found = []
    for title, lines in display.lines(kind.spec, record):
        rows = [
            {
                "name": line.name,
                "label": line.label,
                "text": line.text or line.absent or "–",
                "mark": "verified"
                if line.name in state.verified_fields
                else "verification_broken"
                if line.name in state.broken_fields
                else "",
                "asked": line.name in asked,
                "checked": line.name in marked,
            }
            for line in lines
            if not line.derived
        ]
        if rows:
            found.append((title, rows))
    return found


def _fields(key: str, typed: Any) -> list[FieldView]:
    reason = FieldView(
        "reason", _("Reason"), widget="textarea", value=typed.get("reason", ""), required=key != "lock"
    )
    if key != "verify":
        return [reason]
    return [
        FieldView(
            "method",
            _("Compared with"),
            widget="select",
            value=typed.get("method", "") or Source.ON_SITE.value,
            choices=[(value, label) for value, label in Source.choices],
        ),
        FieldView("note", _("Note"), widget="textarea", value=typed.get("note", ""), required=False),
    ]


# --- Visits ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VisitPanel:
    """`{% include "review/_visit.html" with panel=review %}` on the page of a visit."""

    badges: list[str]
    acts: list[tuple[str, str, str]]
    events: list[Any]


def visit_panel(user: User, visit: Any) -> VisitPanel:
    """Where a visit stands, and what the person may do to it: (key, words, address). A fixed number of queries."""
    kind = kinds([VISIT])[VISIT]
    state = selectors.states({VISIT: [visit.pk]})[VISIT, visit.pk]
    last = next((one for one in selectors.locks_on(VISIT, visit.pk) if one.act in ("frozen", "lifted")), None)
    frozen = last is not None and last.act == "frozen"
    offered = []
    if user.may(Permission.LOCK_RECORDS, visit.site_id):
        offered.append(("unlock", _("Unlock the visit and its forms")) if state.locked else ("lock", _("Lock the visit with its forms")))  # fmt: skip
    if user.may(Permission.FREEZE_RECORDS, visit.site_id):
        offered.append(("lift", _("Lift the freeze")) if frozen else ("freeze", _("Freeze the visit")))
    return VisitPanel(
        badges=[key for key in badges(state) if key in ("locked", "frozen", "changed_after_lock")],
        acts=[(key, words, reverse("review:visit", args=[visit.pk, key])) for key, words in offered],
        events=timeline(kind, visit.pk),
    )
