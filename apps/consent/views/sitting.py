"""One signature at one moment: what is asked for, and the words that are signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.consent import selectors
from apps.consent.models import ConsentDocumentText, DocumentKind, Kind, Purpose
from apps.consent.rules import signers
from apps.consent.selectors import Asked
from apps.consent.selectors import documents as register
from apps.enrolment.models import Participant
from studyportal.access.models import User

TITLES = {
    Kind.CONSENT: lazy("Consent of the participant"),
    Kind.LAR_CONSENT: lazy("Consent of the representative"),
    Kind.ORAL_ASSENT: lazy("Oral assent of the child"),
    Kind.WRITTEN_ASSENT: lazy("Written assent of the child"),
}


def language_name(key: str) -> str:
    """The language, as the reader of the page calls it."""
    return str(dict(settings.LANGUAGES).get(key, key))


def title_of(kind: str, session: int | None) -> str:
    """What is signed, as a heading."""
    title = str(TITLES.get(Kind(kind), Kind(kind).label))
    return _("%(signature)s, session %(n)d") % {"signature": title, "n": session} if session else title


def own_name(key: str) -> str:
    """The language with its name in itself, as its readers call it."""
    try:
        local = str(get_language_info(key)["name_local"])
    except KeyError:
        return language_name(key)
    return language_name(key) if local == language_name(key) else f"{language_name(key)} · {local}"


@dataclass(frozen=True)
class Sitting:
    """One signature at one moment: what is asked, the texts of its form and of its sheet, and the language chosen."""

    participant: Participant
    kind: str
    asked: Asked
    is_asked: bool
    texts: Mapping[str, ConsentDocumentText]
    sheets: Mapping[str, ConsentDocumentText]
    language: str
    today: dt.date

    @property
    def text(self) -> ConsentDocumentText | None:
        return self.texts.get(self.language)

    @property
    def can_be_on_screen(self) -> bool:
        """Words that the screen can show are signed on it; a form that is only a file is signed on paper."""
        return self.text is not None and bool(self.text.text)

    @property
    def by_representative(self) -> bool:
        return self.kind == Kind.LAR_CONSENT


def sitting_of(
    participant: Participant, kind: str, *, session: int | None, language: str, today: dt.date, by: User
) -> Sitting:
    """The signature as it is asked for today; one that is not asked for can be given all the same."""
    found = next(
        (
            one
            for one in selectors.to_sign(participant, today, by=by)
            if one.signature == kind and one.session == session
        ),
        None,
    )
    purposes = (Purpose.PROCEDURE.value,) if session is not None else None
    asked = found or Asked(
        signature=kind,
        by_representative=kind == Kind.LAR_CONSENT,
        purpose=signers.document_purpose(kind, purposes),
        session=session,
    )
    texts = asked.texts or register.in_force(participant.site, asked.purpose, today)
    info = register.in_force(participant.site, asked.purpose, today, kind=DocumentKind.INFORMATION_SHEET)
    chosen = language if language in texts else next(iter(texts), "")
    return Sitting(
        participant, kind, replace(asked, texts=texts), found is not None, texts, info, chosen, today
    )
