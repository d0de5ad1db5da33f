"""One entry of the consent log: everything that it states, what stands beside it, and its place in the chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.consent.rules import documents as document_rules
from apps.consent.rules.events import NEVER_CORRECTED
from apps.consent.rules.same import taken_back, takes_back
from apps.consent.selectors.documents import register_of
from apps.oversight import log_choice, log_lines
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES
from studyportal.ui.parts import Cell
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.ui.templatetags.ui_tags import road as road_words

GENESIS = "0" * 64


def entry_or_404(user: User, pk: int) -> ConsentEvent:
    """An entry of a site whose log the user may read."""
    found = None
    if pk < 2**63:
        found = (
            log_choice.log(user)
            .select_related(
                "delegation__site", "training__file", "corrects", "concerns", "document__document__approval"
            )
            .defer("training__file__content")
            .filter(pk=pk)
            .first()
        )
    if found is None:
        raise Http404(_("There is no such entry among those that you may read."))
    return found


def context_of(user: User, event: ConsentEvent) -> dict[str, Any]:
    others = log_choice.log(user).filter(participant_id=event.participant_id)
    corrections = list(others.filter(corrects_id=event.pk).order_by("id"))
    about = list(others.filter(concerns_id=event.pk).order_by("id"))
    return {
        "event": event,
        "participant": event.participant,
        "synthetic": event.participant.synthetic,
        "number": log_lines.number_of(event),
        "what": log_lines.what(event),
        "scope": log_lines.scope(event),
        "summary": summary(event),
        "topics": [
            (title(), [(one.label, one.text, _("no value") if one.absent else "") for one in found])
            for _key, title, names in log_lines.TOPICS
            if (found := log_lines.stated(event, names))
        ],
        "left_out": left_out(event),
        "related": related(event, about),
        "corrections": corrected_rows(event, corrections),
        "correction_columns": [_("Value"), _("As it was entered"), _("As it was corrected"), _("By")],
        "taken_back": event.pk in taken_back(one.as_event() for one in others.order_by("id"))
        if corrections
        else False,
        "corrected_by": [(log_lines.number_of(one), log_lines.url_of(one), one.note or "") for one in corrections],
        "document": document_of(event),
        "document_url": document_url(user, event),
        "delegation": delegation_of(event),
        "chain": chain_of(event),
        "story_url": reverse("oversight:consent-story", args=[event.participant.code]),
        "integrity_url": reverse("oversight:integrity"),
        "looks_url": looks_url(user, event),
        **neighbours(user, event),
    }  # fmt: skip


def summary(event: ConsentEvent) -> list[tuple[Any, ...]]:
    return [
        (_("Participant"), event.participant.code),
        (_("Site"), f"{event.site.code} {event.site.name}"),
        (_("Entered"), human_date_text(event.entered_at), _("by %(who)s") % {"who": event.entered_by}),
        (_("From signature to entry"), log_lines.lag_words(event)),
        *([(_("Entered through"), road_words(event.road))] if event.road else []),
    ]


def left_out(event: ConsentEvent) -> str:
    """The particulars of a signature about which the entry says nothing, neither a value nor a reason."""
    if event.kind not in log_lines.SIGNED:
        return ""
    fields = ConsentEvent.fields_entered()
    silent = [
        str(field.verbose_name)
        for name, field in fields.items()
        if field.required and getattr(event, name) in (None, []) and name not in event.absent
    ]
    return ", ".join(silent)


def related(event: ConsentEvent, about: Iterable[ConsentEvent]) -> list[tuple[str, int, str, str]]:
    """(in what way, number, address, words) of the entries that this one names, and of those that name it."""
    found = []
    for way, other in ((_("Corrects"), event.corrects), (_("Is about"), event.concerns)):
        if other is not None:
            found.append(
                (way, log_lines.number_of(other), log_lines.url_of(other), str(other.get_kind_display()))
            )
    found += [
        (_("Belongs to it"), log_lines.number_of(one), log_lines.url_of(one), str(one.get_kind_display()))
        for one in about
    ]
    return found  # fmt: skip


def corrected_rows(event: ConsentEvent, corrections: Iterable[ConsentEvent]) -> list[list[Any]]:
    """What corrections changed, value by value, in the order in which they were entered."""
    rows: list[list[Any]] = []
    for one in corrections:
        number = Cell(
            _("no. %(n)d") % {"n": log_lines.number_of(one)},
            url=log_lines.url_of(one),
            detail=f"{human_date_text(one.entered_at)} · {one.entered_by}",
        )
        if takes_back(one.as_event()):
            rows.append([_("The whole entry"), _("stood"), _("taken back"), number])
        for _key, _title, names in log_lines.TOPICS:
            for said in log_lines.stated(one, names):
                if said.name not in NEVER_CORRECTED:
                    before = log_lines.words(event, said.name) or _("nothing stated")
                    rows.append([said.label, before, said.text, number])
    return rows


def judged(standing: str) -> str:
    """How a document stood on a day, in words."""
    return {
        "current": _("approved and current"),
        "superseded": _("superseded by a later version"),
        "not_yet": _("not yet in use"),
        "not_approved": _("not approved"),
        "withdrawn": _("withdrawn"),
        "approval_lapsed": _("its approval did not hold"),
    }.get(standing, standing)


def standing_of(event: ConsentEvent, register: document_rules.Register) -> str:
    """How the document stood when it was signed; of a month or a year, every way in which it may have stood."""
    document = register.of_text(event.document_id)
    if document is None:
        return ""
    day = event.signed_on
    if day is None or day.earliest is None or day.latest is None:
        return _("cannot be told: no day of signature is known")
    found = sorted(document_rules.judge_between(document, day.earliest, day.latest))
    if len(found) == 1:
        return judged(found[0])
    return _("cannot be told from the date: %(ways)s") % {
        "ways": _(" or ").join(judged(one) for one in found)
    }


def document_of(event: ConsentEvent) -> list[tuple[Any, ...]]:
    """The document in the register, beside what the signature holds of it."""
    text = event.document
    if text is None:
        return []
    whole = text.document
    register = register_of([event.site_id])[event.site_id]
    held = {text.file_sha256: _("the file of the register"), text.text_sha256: _("the words of the register")}
    signed = event.document_sha256
    same = held.get(signed, "") if signed else ""
    return [
        (_("Document"), str(whole.title), f"{whole.get_purpose_display()}; {whole.get_kind_display()}"),
        (_("Version and language"), f"{whole.version_label}, {log_choice.language_words(text.language)}"),
        (_("On the day of signature"), standing_of(event, register) or _("not in the register of the site")),
        (_("In use from"), whole.valid_from),
        (
            _("SHA-256 in the signature"),
            signed or _("not recorded"),
            _("the same as that of %(what)s") % {"what": same}
            if same
            else _("not the same as that of the register now") if signed else "",
        ),
    ]  # fmt: skip


def document_url(user: User, event: ConsentEvent) -> str:
    text = event.document
    if text is None or not user.may(Permission.VIEW_CONSENT_DOCUMENTS, event.site_id):
        return ""
    return reverse("consent:document", args=[text.document_id])


def delegation_of(event: ConsentEvent) -> list[tuple[Any, ...]]:
    """Who obtained it, under which role and with which training on that day."""
    if event.obtainer is None:
        return []
    found: list[tuple[Any, ...]] = [
        (_("Account"), str(event.obtainer), event.obtainer.get_username()),
    ]
    if event.delegation is not None:
        held = event.delegation
        role = ROLES.get(held.role)
        where = held.site.code if held.site else _("the whole study")
        until = human_date_text(held.valid_until) if held.valid_until else _("no end")
        found.append(
            (
                _("Delegation on that day"),
                _("%(role)s at %(where)s") % {"role": role.label if role else held.role, "where": where},
                _("%(since)s to %(until)s") % {"since": human_date_text(held.valid_from), "until": until},
            )
        )
    else:
        found.append((_("Delegation on that day"), _("none is recorded with the entry")))
    if event.training is not None:
        paper = event.training
        found.append(
            (
                _("Training on that day"),
                str(paper.get_kind_display()),
                _("valid from %(day)s, SHA-256 %(hash)s")
                % {"day": human_date_text(paper.valid_from), "hash": paper.file.sha256},
            )
        )
    else:
        found.append((_("Training on that day"), _("none is recorded with the entry")))
    return found


def chain_of(event: ConsentEvent) -> list[tuple[Any, ...]]:
    """The link of the entry, with whether its own hash follows from what stands beside it."""
    if not event.sha256:
        return []
    link = f"consent-log/1\n{event.sequence}\n{event.previous_sha256}\n{event.content_sha256}\n"
    follows = hashlib.sha256(link.encode()).hexdigest() == event.sha256
    return [
        (_("Number in the chain"), event.sequence),
        (
            _("SHA-256 of the entry before"),
            event.previous_sha256,
            _("the first entry of the study has none before it") if event.previous_sha256 == GENESIS else "",
        ),
        (_("SHA-256 of the content"), event.content_sha256),
        (
            _("SHA-256 of the entry"),
            event.sha256,
            _("follows from the three above") if follows else _("does not follow from the three above"),
        ),
    ]


def looks_url(user: User, event: ConsentEvent) -> str:
    if not user.may(Permission.VIEW_FINDINGS, event.site_id):
        return ""
    return f"{reverse('oversight:views')}?participant={event.participant.code}&about=consent"


def neighbours(user: User, event: ConsentEvent) -> dict[str, str]:
    """The entries before and after, among those that the user may read."""
    visible = ConsentEvent.objects.visible_to(user, Permission.VIEW_CONSENT_LOG).only("pk")
    before = visible.filter(pk__lt=event.pk).order_by("-pk").first()
    after = visible.filter(pk__gt=event.pk).order_by("pk").first()
    return {
        "previous_url": log_lines.url_of(before) if before else "",
        "next_url": log_lines.url_of(after) if after else "",
    }
