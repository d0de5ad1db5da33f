"""Alerts to a site: raised by the portal, settled by a person who says what is done."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import AdverseEvent, AlertKind, SafetyAlert, Term
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem

logger = logging.getLogger(__name__)

LONGEST = 4000
CULTURES: dict[str, Any] = {
    "aerobic": gettext_lazy("aerobic culture"),
    "anaerobic": gettext_lazy("anaerobic culture"),
    "fungal": gettext_lazy("fungal culture"),
    "gram_stain": gettext_lazy("Gram stain"),
}


def late_growth(
    *,
    product: Any,
    organism: str,
    cultures: tuple[str, ...],
    newly: tuple[str, ...] = (),
    by: User | None,
) -> SafetyAlert | None:
    """A culture grew after the release: an alert to the site and an adverse event, each once.

    Called again with the same cultures it changes nothing, but that an alert which still stands takes over the name of
    the organism; a further culture is a further alert about the same event. newly: what turned to growth now: when its
    alert was acknowledged (and the result then corrected), it is a further alert as well. None for a transcribed case.
    """
    if product.participant.retrospective:
        return None
    with transaction.atomic(), acting(user=by, reason=_("A culture grew after the release")):
        held = list(
            SafetyAlert.objects.select_for_update()
            .filter(product=product, kind=AlertKind.LATE_GROWTH)
            .order_by("id")
        )
        known = {culture for alert in held for culture in alert.about.split(";")}
        standing = {
            culture for alert in held if alert.acknowledged_at is None for culture in alert.about.split(";")
        }
        new = sorted((set(cultures) - known) | (set(newly) & set(cultures) - standing))
        if held and not new:
            return _named(held[-1], product, organism)
        event = _event(product, organism, cultures, by)
        return SafetyAlert.objects.create(
            site_id=product.site_id,
            kind=AlertKind.LATE_GROWTH,
            participant_id=product.participant_id,
            product=product,
            event=event,
            about=";".join(new)[:200],
            message=_message(product, organism, new),
        )


def _named(alert: SafetyAlert, product: Any, organism: str) -> SafetyAlert:
    """The organism has a name now: an alert that stands says it."""
    message = _message(product, organism, alert.about.split(";"))
    if organism and alert.acknowledged_at is None and alert.message != message:
        alert.message = message
        alert.version += 1
        alert.save()
    return alert


def _message(product: Any, organism: str, cultures: list[str]) -> str:
    said = {
        "product": product,
        "cultures": ", ".join(str(CULTURES.get(one, one)) for one in cultures) or _("culture"),
        "organism": organism.strip(),
    }
    if said["organism"]:
        return _("%(product)s: growth after the release (%(cultures)s): %(organism)s.") % said
    return _("%(product)s: growth after the release (%(cultures)s).") % said


def _event(product: Any, organism: str, cultures: tuple[str, ...], by: User | None) -> AdverseEvent | None:
    """The adverse event of the positive culture: the one that is recorded, else a new one that waits to be completed."""
    found = AdverseEvent.objects.filter(product=product, term=Term.POSITIVE_CULTURE).order_by("id").first()
    if found is not None:
        return found
    raw = {
        "verbatim": _message(product, organism, sorted(cultures))[:200],
        "term": Term.POSITIVE_CULTURE.value,
        "aware_at": timezone.now().isoformat(),
    }
    try:
        made: AdverseEvent = save(
            ADVERSE_EVENT,
            raw=raw,
            by=by,  # type: ignore[arg-type]  # nobody, when a job read the culture
            participant=product.participant,
            parents={"session": product.session, "product": product},
            complete=False,
        )
    except (CrfInvalid, Refused):
        # The culture is recorded and the alert stands whatever the event's form says.
        logger.exception("No adverse event could be opened for product %s", product.pk)
        return None
    return made


def acknowledge(
    *, alert: SafetyAlert, what_is_done: str, by: User, expected_version: int | None = None
) -> SafetyAlert:
    """A person saw the alert and says what is done about it; it leaves the pages. Raises CrfInvalid, Refused (somebody
    said so already) and StaleVersion."""
    said = what_is_done.strip()
    if not said:
        raise CrfInvalid(
            [
                Problem(
                    "what_is_done", "required", _("Say what is done about it; that is what ends the alert.")
                )
            ]
        )
    if len(said) > LONGEST:
        raise CrfInvalid([Problem("what_is_done", "too_long", _("At most %d characters.") % LONGEST)])
    with transaction.atomic(), acting(user=by, reason=_("Alert acknowledged")):
        current = (
            SafetyAlert.objects.select_for_update(of=("self",))
            .select_related("acknowledged_by")
            .get(pk=alert.pk)
        )
        if current.acknowledged_at is not None:
            raise Refused(
                [
                    Problem(
                        None,
                        "already_acknowledged",
                        _("%(who)s acknowledged this alert already: %(what)s")
                        % {"who": current.acknowledged_by, "what": current.what_is_done},
                    )
                ]
            )
        if expected_version is not None and current.version != expected_version:
            raise StaleVersion(current)
        current.acknowledged_at = timezone.now()
        current.acknowledged_by = by
        current.what_is_done = said
        current.version += 1
        current.save()
    return current
