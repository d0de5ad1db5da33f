"""What the page at the bedside shows and takes: one infusion, for somebody who stands beside the participant.

Reads what a ProductFile holds, who entered it, consent, and the drafts: a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, custody_page, gates
from apps.celldose.actions import infusion as actions
from apps.celldose.bedside_now import is_reaction, now_context
from apps.celldose.models import CellProduct, Infusion
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import drafts, forms
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec, ShowIf
from studyportal.ui.parts import FieldView

VITALS = ("temperature", "pulse", "systolic", "diastolic", "respiratory_rate", "oxygen_saturation")
TIMES = frozenset({"started_at", "stopped_at", "at", "observed_at"})


@dataclass(frozen=True)
class Part:
    """Fields of one form, as controls whose names begin with `prefix`; problems of them begin with `problems`."""

    spec: CrfSpec
    names: tuple[str, ...]
    prefix: str
    problems: str = ""
    title: Any = ""


ACTS: dict[str, tuple[Part, ...]] = {
    "start": (
        Part(
            crfs.INFUSION,
            ("started_at", "route", "line", "filter_used", "filter_microns", "rate_ml_h", "premedication"),
            "start-",
        ),
        Part(crfs.OBSERVATIONS, ("observed_at", *VITALS), "before-", "before."),
    ),
    "observe": (
        Part(
            crfs.OBSERVATIONS,
            ("timepoint", *VITALS, "reactions", "reactions_note", "observed_at"),
            "observe-",
        ),
    ),
    "happening": (
        Part(
            crfs.INFUSION_EVENT,
            ("kind", "rate_ml_h", "drug", "dose", "reactions", "reason", "at"),
            "happening-",
        ),
    ),
    "stop": (
        Part(
            crfs.INFUSION,
            ("stopped_at", "volume_ml", "residual_discarded_ml", "total_dose", "interruptions_note"),
            "stop-",
        ),
    ),
}


@dataclass(frozen=True)
class ActView:
    """One form of the page. groups: (title, fields); open: drawn unfolded."""

    key: str
    title: str
    save: str
    groups: Sequence[tuple[str, Sequence[FieldView]]]
    problems: Sequence[tuple[str, str, str]]
    ticket: Any
    draft: Draft | None
    open: bool


def _address(code: str, place: str) -> str:
    product = (parse_qs(place).get("product") or [""])[0]
    pk = int(product) if product.isascii() and product.isdigit() else 0
    return reverse("celldose:infusion", args=[pk])


PAGE = drafts.register_page(
    drafts.Page(
        "bedside",
        Permission.HANDLE_PRODUCTS,
        tuple(part.prefix + name for parts in ACTS.values() for part in parts for name in part.names),
        _address,
    )
)


def place_of(product: CellProduct, act: str) -> str:
    return urlencode({"product": product.pk, "act": act})


# --- acts -------------------------------------------------------------------------------------------------


def perform(product: CellProduct, posted: QueryDict, by: User) -> str:
    """Do what was posted; what is said of it. Raises CrfInvalid or Refused."""
    act = posted.get("act", "")
    if act not in ACTS:
        raise CrfInvalid([Problem(None, "unknown_act", _("The page did not say what to do; open it again."))])
    given = [_given(part, posted) for part in ACTS[act]]
    if act == "start":
        actions.start(product=product, by=by, before=given[1], **given[0])
        return _("The infusion runs.")
    infusion = Infusion.objects.filter(product=product).first()
    if infusion is None:
        raise CrfInvalid([Problem(None, "not_started", _("The infusion is not started yet."))])
    if act == "observe":
        made = actions.observe(infusion=infusion, by=by, **{"timepoint": "", **given[0]})
        return _("“%s” is recorded.") % made
    if act == "happening":
        happened = actions.note_happening(infusion=infusion, by=by, **{"kind": "", **given[0]})
        return _("“%s” is recorded.") % happened
    actions.stop(infusion=infusion, by=by, **given[0])
    return _("The stop is recorded.")


def _raw(part: Part, posted: QueryDict) -> dict[str, Any]:
    own = QueryDict(mutable=True)
    for name in (*part.names, *(f"{name}-offset" for name in part.names)):
        if part.prefix + name in posted:
            own.setlist(name, posted.getlist(part.prefix + name))
    return forms.raw_of(part.spec, own)


def _given(part: Part, posted: QueryDict) -> dict[str, Any]:
    """What was filled in; what was left empty is not stated."""
    raw = _raw(part, posted)
    return {name: raw[name] for name in part.names if raw[name] not in ("", [], None)}


# --- the page ---------------------------------------------------------------------------------------------


def page(
    request: HttpRequest,
    file: ProductFile,
    *,
    problems: Iterable[Problem] = (),
) -> dict[str, Any]:
    """Context of `celldose/bedside.html`."""
    user: Any = request.user
    product, infusion = file.product, file.infusion
    may = user.may(Permission.HANDLE_PRODUCTS, product.site_id)
    history = gates.is_history(product.participant, file.session.performed_on)
    bars: tuple[Problem, ...] = ()
    if infusion is None and not history:
        consent_now = gates.consent_bar(product.participant, file.session, timezone.now())
        bars = gates.bars_now(file, consent_now)
    standing = now_context(file)
    over = file.discard is not None or (file.decision is not None and file.decision.decision == "rejected")
    offered = _offered(file, standing) if may and not over and not history else []
    return standing | {
        "participant": product.participant,
        "synthetic": product.participant.synthetic,
        "session": file.session,
        "session_url": file.session.page_url,
        "history": history,
        "bars": bars,
        "readings": [custody_page.reading_context(file, step, user) for step in ("issue", "bedside")],
        "may": may,
        "acts": _acts(request, file, offered, list(problems), standing),
        "quick": _quick(standing) if "happening" in offered else None,
        "form_url": infusion.get_absolute_url() if infusion else "",
        "missing": _missing_fields(infusion) if infusion is not None and infusion.stopped_at else [],
        "event_url": _event_url(file) if may and _reacted(file) else "",
    }


def _offered(file: ProductFile, standing: Mapping[str, Any]) -> list[str]:
    infusion = file.infusion
    if infusion is None:
        return ["start"]
    found = ["observe"] if standing["next"] is not None else []
    found.append("happening")
    if infusion.stopped_at is None:
        found.append("stop")
    return found


def _quick(standing: Mapping[str, Any]) -> tuple[str, str] | None:
    """What one tap records: (kind, words)."""
    if standing["state"] == "running":
        return "interruption", _("Interrupt now")
    if standing["state"] == "interrupted":
        return "resumption", _("Resumed now")
    return None


def _acts(
    request: HttpRequest,
    file: ProductFile,
    offered: Sequence[str],
    problems: list[Problem],
    standing: Mapping[str, Any],
) -> list[ActView]:
    posted = request.POST.get("act", "") if request.method == "POST" else ""
    # A refused act is shown with what was typed, also when somebody else did it meanwhile.
    keys = [*offered, *([posted] if posted in ACTS and posted not in offered and problems else [])]
    kept = _drafts(request.user, file.product) if keys else {}
    return [
        _act(
            request,
            file,
            key,
            problems if key == posted else [],
            kept.get(key),
            standing,
            refused=key == posted,
        )
        for key in keys
    ]


def _drafts(user: Any, product: CellProduct) -> dict[str, Draft]:
    """Act → the newest draft of it. One query."""
    places = {place_of(product, act): act for act in ACTS}
    found = Draft.objects.filter(
        user=user, form=PAGE.key, participant=product.participant, parents__in=list(places)
    )
    return {places[one.parents]: one for one in found.order_by("updated_at")}


def _act(
    request: HttpRequest,
    file: ProductFile,
    key: str,
    problems: list[Problem],
    draft: Draft | None,
    standing: Mapping[str, Any],
    *,
    refused: bool,
) -> ActView:
    draft = None if refused else draft
    typed = (
        request.POST if refused else drafts.posted_of(draft) if draft is not None else _initial(key, standing)
    )
    titles = {
        "start": _("Start the infusion"),
        "observe": _("Observation"),
        "happening": _("Something happened"),
        "stop": _("Stop the infusion"),
    }
    saves = {
        "start": _("The infusion runs now"),
        "observe": _("Record the observation"),
        "happening": _("Record it"),
        "stop": _("Record the stop"),
    }
    groups: list[tuple[str, Sequence[FieldView]]] = []
    listed: list[tuple[str, str, str]] = []
    for part in ACTS[key]:
        own = [p for p in problems if _belongs(p, part)]
        fields = _fields(part, typed, own, standing)
        title = _("15 min before, saved together with the start") if part.prefix == "before-" else ""
        groups.append((title, fields))
        labels = {field.name: str(field.label) for field in fields}
        for problem in own:
            name = part.prefix + (problem.field or "").removeprefix(part.problems)
            listed.append((name if name in labels else "", labels.get(name, ""), problem.message))
    opened = drafts.page_of(request) if refused else draft.page if draft is not None else ""
    return ActView(
        key=key,
        title=titles[key],
        save=saves[key],
        groups=groups,
        problems=listed,
        ticket=drafts.ticket_for(
            request, PAGE, file.product.participant, parents=place_of(file.product, key), page=opened
        ),
        draft=draft,
        open=refused or draft is not None or key in ("start", "observe"),
    )


def _belongs(problem: Problem, part: Part) -> bool:
    of_part = (problem.field or "").startswith("before.") or problem.field == "before"
    return of_part == bool(part.problems)


def _initial(key: str, standing: Mapping[str, Any]) -> QueryDict:
    typed = QueryDict(mutable=True)
    if key == "observe" and standing["next"] is not None:
        typed["observe-timepoint"] = standing["next"].time.key
    if key == "start":
        typed["start-route"] = "intravenous"
    return typed


def _fields(
    part: Part, typed: QueryDict, problems: list[Problem], standing: Mapping[str, Any]
) -> list[FieldView]:
    own = [replace(p, field=(p.field or "").removeprefix(part.problems) or None) for p in problems]
    built = forms.build(part.spec, typed=_raw(part, typed), problems=own)
    views = {view.name: view for section in built.sections for view in section.fields}
    return [_at_bedside(part, views[name], standing) for name in part.names]


def _at_bedside(part: Part, view: FieldView, standing: Mapping[str, Any]) -> FieldView:
    """A field as it is tapped: choices as large buttons, a time that may be left out."""
    more: dict[str, Any] = {
        "name": part.prefix + view.name,
        "absent_choices": (),
        "conditional": True,
        "show_if": None
        if view.show_if is None
        else ShowIf(part.prefix + view.show_if.field, view.show_if.values),
    }
    if view.name in TIMES:
        more["help"] = _("Left empty: the time of the start.") if part.problems else _("Left empty: now.")
    if view.widget == "select":
        more["widget"] = "radio"
    if view.name == "timepoint":
        still = {one.time.key for one, _record in standing.get("planned") or () if one.is_open}
        more["choices"] = [
            (code, label) for code, label in view.choices if code in still or code == view.value
        ]
    return replace(view, **more)


def _reacted(file: ProductFile) -> bool:
    return any(is_reaction(one.reactions) for one in (*file.observations, *file.happenings_of_infusion))


def _event_url(file: ProductFile) -> str:
    """Where an adverse event of this product is recorded; the form stands in an app above, so by its key."""
    url = reverse("crf:new", args=[file.product.participant.code, "adverse-event"])
    return f"{url}?{urlencode({'session': file.session.pk, 'product': file.product.pk})}"


def _missing_fields(infusion: Any) -> list[str]:
    """What the form of a stopped infusion still asks for."""
    spec = crfs.INFUSION
    values = {name: getattr(infusion, name) for name in spec.fields}
    return [
        field.label
        for name, field in spec.entered_fields.items()
        if field.required
        and values[name] is None
        and name not in infusion.absent
        and spec.shown(name, values)
    ]
