"""The page on which a product is judged, decided on and signed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates, stated
from apps.celldose.models import Decision
from apps.celldose.pages.blocks import moment
from apps.celldose.pages.life import criteria_columns, criteria_of
from apps.celldose.product_file import ProductFile
from apps.celldose.release import GROWN
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.signature_pages import shown_on
from studyportal.crf.signing import may_sign
from studyportal.signatures.models import Meaning
from studyportal.ui.parts import Cell, Column, Row
from studyportal.words import translated


def release_page(file: ProductFile, user: User) -> dict[str, Any]:
    """Context of `celldose/release.html`, without the form."""
    product, decision = file.product, file.decision
    may_decide = user.may(Permission.RELEASE_PRODUCTS, product.site_id) and Meaning.RELEASED in may_sign(
        user, crfs.RELEASE, product.site_id
    )
    return {
        "participant": product.participant,
        "synthetic": product.participant.synthetic,
        "session": file.session,
        "session_url": file.session.page_url,
        "product": product,
        "file": file,
        "state": file.life.state,
        "quarantine": [one.message for one in file.quarantine],
        "late": late_growth_said(file),
        "facts": facts_of(file),
        "criteria": criteria_of(file),
        "criteria_columns": criteria_columns(),
        "protocol_version": protocol.current().version,
        "evaluation": file.evaluation,
        "outdated": file.outdated,
        "decision": decision,
        "signatures": shown_on(crfs.RELEASE, decision) if decision else [],
        "unsigned": decision is not None and not file.is_signed,
        "possible": possible_of(file),
        "possible_columns": [
            Column(_("Decision")),
            Column(_("Possible now")),
            Column(_("What stands against it")),
        ],
        "may_decide": may_decide and file.discard is None,
        "statement": str(Meaning.RELEASED.statement),
    }


def possible_of(file: ProductFile) -> list[Row]:
    """Each decision with whether it can be taken now, and what stands against it."""
    return [
        Row(
            [
                str(Decision(decision).label),
                Cell(state="not_possible" if bars else "possible"),
                " ".join(translated(bar.message) for bar in bars) or "–",
            ],
            "bad" if bars else "",
        )
        for decision, bars in gates.decisions_now(file).items()
    ]


def facts_of(file: ProductFile) -> list[tuple[str, str, str]]:
    """(term, value, why there is none) of what is judged beside the criteria."""
    expiry, micro = file.expires_at, file.microbiology
    days = stated.culture_days(file.product.component)
    due = (
        None
        if micro is None or micro.sampled_on is None or days is None
        else micro.sampled_on + dt.timedelta(days)
    )
    decision = file.decision
    return [
        (
            _("Expiry"),
            "–" if isinstance(expiry, NotDerivable) else moment(expiry),
            expiry.why if isinstance(expiry, NotDerivable) else "",
        ),
        (
            _("Cultures are final on"),
            due.isoformat() if due else "–",
            "" if due else _("sample not recorded"),
        ),
        *([(_("May be infused until"), moment(decision.use_by), "")] if decision and decision.use_by else []),
    ]


def late_growth_said(file: ProductFile) -> str:
    """What the banner of a product says whose culture grew after its release; empty when none did."""
    if not file.grown_late:
        return ""
    micro = file.microbiology
    named = f" ({micro.organism})" if micro is not None and micro.organism else ""
    where = ", ".join(GROWN[name] for name in file.grown_late)
    return _("Positive after the release: %(where)s%(organism)s.") % {"where": where, "organism": named}


def now_at_site() -> str:
    """What stands in the field of the time of the decision at first."""
    return f"{timezone.localtime():%Y-%m-%dT%H:%M}"
