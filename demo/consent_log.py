"""Enters what was planned of a consent into the log, through the same action as the pages and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from apps.consent import actions
from apps.consent.models import ConsentDocumentText, ConsentEvent
from apps.enrolment.models import Participant
from demo import paper
from demo.synthetic_consents import LOOKED_UP
from studyportal.access.models import User
from studyportal.files import checks


def _user(username: str) -> User:
    return User.objects.get(username=username)


@dataclass
class Log:
    """The entries of one participant as they are made; one that others name is kept by its `name`."""

    participant: Participant
    by: User
    made: dict[str, ConsentEvent] = field(default_factory=dict)

    def record_all(self, planned: Iterable[Mapping[str, Any]]) -> None:
        for one in planned:
            self.record(one)

    def record(self, planned: Mapping[str, Any]) -> ConsentEvent:
        """One entry; see `synthetic_consents` for what a mapping holds."""
        stated = {name: value for name, value in planned.items() if name not in LOOKED_UP}
        event = actions.record_event(
            participant=self.participant,
            by=self.by,
            document=self._text(planned),
            obtainer=_user(planned["obtainer"]) if planned.get("obtainer") else None,
            sheet=self._sheet(planned) if planned.get("sheet") else None,
            concerns=self.made[planned["concerns"]] if "concerns" in planned else None,
            corrects=self.made[planned["corrects"]] if "corrects" in planned else None,
            **stated,
        )
        self.made[planned.get("name", event.kind)] = event
        return event

    def _text(self, planned: Mapping[str, Any]) -> ConsentDocumentText | None:
        if "form" not in planned:
            return None
        purpose, version = planned["form"]
        return ConsentDocumentText.objects.select_related("document__approval", "document__site").get(
            site_id=self.participant.site_id,
            language=planned["document_language"],
            document__kind="consent_form",
            document__purpose=purpose,
            document__version_label=version,
        )

    def _sheet(self, planned: Mapping[str, Any]) -> checks.Accepted:
        words = (planned["kind"], planned.get("form"), planned.get("signed_on"), planned.get("signer"))
        content = paper.sheet(
            f"{self.participant.code}, {self.participant.label}", *(str(one) for one in words if one)
        )
        upload = paper.Upload(content, f"{planned.get('name', planned['kind'])}-demo.pdf".replace(" ", "-"))
        return checks.accept(upload, limit=settings.UPLOAD_LIMIT)
