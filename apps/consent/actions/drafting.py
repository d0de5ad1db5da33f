"""An entry of the log before it is one: put together, judged, and compared with what is in the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import rules
from apps.consent.actions import stating
from apps.consent.models import ConsentDocumentText, ConsentEvent, Kind
from apps.consent.rules import circumstances, same
from apps.consent.rules.documents import Register
from apps.consent.rules.entry import ABOUT_A_SIGNATURE, FIELDS_OF, SIGNED_KINDS, Said
from apps.consent.rules.events import CORRECTION, Event
from apps.consent.rules.signers import document_purpose
from apps.consent.selectors import surroundings
from apps.enrolment.models import Participant
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit.context import current
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.fields import TextField
from studyportal.crf.outcomes import Problem
from studyportal.files.checks import DOCUMENTS, Accepted
from studyportal.identity import births
from studyportal.identity.selectors import mentioned_in

# The kinds whose entries name a document of the register.
NAMES_A_DOCUMENT = frozenset(kind for kind, fields in FIELDS_OF.items() if "document_version" in fields)


@dataclass
class Draft:
    """One entry on its way into the log, inside the transaction that holds the participant."""

    participant: Participant
    kind: str
    by: User
    corrects: ConsentEvent | None = None
    concerns: ConsentEvent | None = None
    document: ConsentDocumentText | None = None
    obtainer: User | None = None
    sheet: Accepted | None = None
    problems: list[Problem] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    rows: dict[int, ConsentEvent] = field(default_factory=dict)
    # The version that is stated and that the register does not hold.
    unknown_version: str = ""
    allowed: surroundings.Allowed = field(default_factory=surroundings.Allowed)

    def entry(self, stated: Mapping[str, Any], absent: Any) -> ConsentEvent:
        """The entry, ready to be saved. Raises CrfInvalid and Refused."""
        now = timezone.now()
        if self.kind not in Kind.values:
            self._problem("kind", "choice", _("Kinds of entry: %s.") % ", ".join(Kind.values))
        self._read_log()
        values = stating.parsed(stated, self.zone, self.problems)
        stating.day_follows(values, now=now, zone=self.zone)
        if digest := values.get("recording_sha256"):
            values["recording_sha256"] = digest.lower()
        reasons = stating.reasons({} if absent is None else absent, values, self.problems)
        self._link()
        extra = self._document(values)
        event = ConsentEvent(
            site_id=self.participant.site_id,
            participant=self.participant,
            kind=self.kind,
            corrects=self.corrects,
            concerns=self.concerns,
            absent=reasons,
            entered_at=now,
            entered_by=self.by,
            road=str(current().get("source", ""))[:12],
            **{**values, **extra},
        )
        self._obtained(event)
        self._sheet(event)
        self._judge(event, now)
        if self.problems:
            raise CrfInvalid(self.problems)
        self._not_yet_there(event, bool(reasons))
        return event

    # --- What it names -----------------------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.participant.site.timezone)

    @property
    def past(self) -> bool:
        """A past record states what its source states: no rule about register, delegation and approval applies."""
        return self.participant.retrospective

    @property
    def root(self) -> Event | None:
        """The entry that a correction corrects, whatever number of corrections lies between, as it stands."""
        if self.corrects is None:
            return None
        root = same.root_of(self.log, self.corrects.pk)
        return None if root is None else same.standing(self.log, root.id)

    @property
    def of_kind(self) -> str:
        root = self.root
        return root.kind if self.kind == CORRECTION and root is not None else self.kind

    def _problem(self, name: str | None, code: str, message: str) -> None:
        self.problems.append(Problem(name, code, message))

    def _read_log(self) -> None:
        rows = ConsentEvent.objects.filter(participant=self.participant).select_related("entered_by")
        self.rows = {row.pk: row for row in rows.order_by("id")}
        self.log = [row.as_event() for row in self.rows.values()]

    def _link(self) -> None:
        """The entry that is corrected, and the signature that the entry is about: both of this participant."""
        for name, named in (("corrects", self.corrects), ("concerns", self.concerns)):
            if named is not None and named.participant_id != self.participant.pk:
                self._problem(name, "other_participant", _("That entry belongs to another participant."))
        if any(problem.code == "other_participant" for problem in self.problems):
            return
        if self.kind in ABOUT_A_SIGNATURE:
            self._link_signature()

    def _link_signature(self) -> None:
        gone = same.taken_back(self.log)
        signatures = [one for one in self.log if one.kind in SIGNED_KINDS and one.id not in gone]
        if self.concerns is None:
            # Of one signature it need not be said which.
            if len(signatures) == 1:
                self.concerns = self.rows[signatures[0].id]
            elif not self.past and self.kind != Kind.COPY_GIVEN:
                words = (
                    _("Say which signature it is about: name its entry.")
                    if signatures
                    else _("There is no signature in the log that it could be about. Record that one first.")
                )
                self._problem("concerns", "required", words)
            return
        root = same.root_of(self.log, self.concerns.pk)
        if root is None or root.kind not in SIGNED_KINDS:
            self._problem("concerns", "no_signature", _("That entry is no signature."))
        elif root.id in gone:
            self._problem("concerns", "taken_back", _("That entry was taken back by a correction."))
        else:
            self.concerns = self.rows[root.id]

    def _document(self, values: dict[str, Any]) -> dict[str, Any]:
        """Fields that follow from the document: the one that is named, or the one that the stated words name."""
        root = self.root
        method = values.get("method") or (root.method if root else None)
        if self.document is None and not self.past and self.of_kind in SIGNED_KINDS:
            self._find_document(values, root)
        if self.document is None:
            return {}
        if self.of_kind not in NAMES_A_DOCUMENT:
            self._problem("document", "not_expected", _("This kind of entry names no document."))
            return {}
        if self.document.site_id != self.participant.site_id:
            self._problem(
                "document",
                "other_site",
                _(
                    "This document is of another site. If it was signed nevertheless, name its version in words and"
                    " record it as it happened."
                ),
            )
            return {}
        self.problems += stating.contradictions(self.document, values)
        return {"document": self.document, **stating.words_of(self.document, method, values)}

    def _find_document(self, values: Mapping[str, Any], root: Event | None) -> None:
        version, language = values.get("document_version"), values.get("document_language")
        if root is not None:
            if not version and not language:
                return
            version, language = version or root.document_version, language or root.document_language
        if not version:
            return
        purposes = values.get("purposes") or (root.purposes if root else None)
        signer = values.get("signer") or (root.signer if root else None)
        self.document, in_vain = surroundings.text_named(
            self.register, document_purpose(self.of_kind, purposes, signer), version, language
        )
        if in_vain:
            self.unknown_version = version

    @cached_property
    def register(self) -> Register:
        return surroundings.register_for(self.participant)

    def _obtained(self, event: ConsentEvent) -> None:
        """Who obtained it, and under what on that day; a correction of the day asks again for the same person."""
        if self.obtainer is None and event.method == "screen" and self.kind != CORRECTION:
            self.obtainer = self.by
        root = self.root
        asked = self.obtainer
        if asked is None and root is not None and root.obtainer and (event.signed_on or event.signed_at):
            asked = User.objects.filter(pk=root.obtainer).first()
        if asked is None:
            return
        as_it_stands = same.corrected(self.log, event.as_event()) if self.kind == CORRECTION else None
        dated = as_it_stands[1] if as_it_stands else event.as_event()
        self.allowed = surroundings.allowed(
            asked, self.participant.site, surroundings.days_of(dated, self.zone)
        )
        event.obtainer = self.obtainer
        event.delegation, event.training = self.allowed.delegation, self.allowed.training
        if self.obtainer is not None and not event.obtained_by:
            event.obtained_by = stating.who_obtained(self.obtainer, self.allowed.delegation)

    def _sheet(self, event: ConsentEvent) -> None:
        if self.sheet is None:
            return
        event.paper_sha256 = self.sheet.sha256
        if self.sheet.content_type not in DOCUMENTS:
            self._problem("sheet", "type", _("A signed sheet is a PDF, PNG or JPEG."))
        if not self.by.may(Permission.EDIT_IDENTITY, self.participant.site_id):
            self._problem(
                "sheet",
                "not_permitted",
                _(
                    "A signed sheet shows who the participant is: the staff of the site adds it. Record the entry without"
                    " it, and ask them to add the sheet by a correction."
                ),
            )
        elif settings.IDENTITY_CLOSED:
            self._problem(
                "sheet", "closed", _("This part of the portal has no keys and can keep no signed sheet.")
            )

    # --- Whether it may stand ----------------------------------------------------------------------------

    def _judge(self, event: ConsentEvent, now: dt.datetime) -> None:
        own = replace(event.as_event(), id=same.NOT_YET)
        self.problems += [Problem(*said) for said in rules.signature_problems(self._seen(own, now))]
        if births.before_birth(self.participant, event.signed_on, self.by):
            self._problem("signed_on", "before_birth", _("This is before the participant's birth date."))
        self._names_nobody(event)
        found: Iterable[Said]
        pair = same.corrected(self.log, own) if self.kind == CORRECTION else None
        if pair is not None:
            before, after = pair
            # What was wrong before the correction is not its fault: only what it breaks anew is said.
            stood = {said[:2] for said in rules.signature_problems(self._seen(before, now))}
            self.problems += [
                Problem(*said)
                for said in rules.signature_problems(self._seen(after, now))
                if said[:2] not in stood
            ]
            broken_before = {said[:2] for said in self._broken(before, None, "")}
            found = [
                said
                for said in self._broken(after, self.allowed.verdict, self.unknown_version)
                if said[:2] not in broken_before
            ]
        elif self.kind == CORRECTION:
            found = []
        else:
            found = self._broken(own, self.allowed.verdict, self.unknown_version)
        if (event.as_it_happened or "").strip():
            return
        self.problems += [
            Problem(name, code, _("%s If it happened so, record it as it happened, with the reason.") % said)
            for name, code, said in found
        ]

    def _names_nobody(self, event: ConsentEvent) -> None:
        """No text gives the person away: the log is read by many, and nothing is ever taken out of it."""
        texts = {
            name: str(getattr(event, name))
            for name, field_ in ConsentEvent.fields_entered().items()
            if isinstance(field_, TextField) and getattr(event, name)
        }
        if not texts or not mentioned_in(self.participant, "\n".join(texts.values()), self.by):
            return
        for name, text in texts.items():
            if mentioned_in(self.participant, text, self.by):
                words = _("This names the participant or the representative. Say it without.")
                self._problem(name, "names_person", words)

    def _seen(self, event: Event, now: dt.datetime) -> dict[str, Any]:
        """The entry with what only the moment of entry knows."""
        moment = event.signed_at
        return vars(event) | {
            "of_kind": self.of_kind if event.kind == CORRECTION else event.kind,
            "entered_at": now,
            "today": today_at(self.participant.site),
            "signed_day": None if moment is None else moment.astimezone(self.zone).date(),
            "sheet": None if self.sheet is None else self.sheet.content_type,
            "past": self.past,
        }

    def _broken(self, event: Event, verdict: Any, unknown_version: str) -> list[Said]:
        if self.past:
            return []
        around = surroundings.around(
            event,
            participant=self.participant,
            register=self.register if event.document_id else None,
            verdict=verdict,
            unknown_version=unknown_version,
            concerned=None if event.concerns is None else same.standing(self.log, event.concerns),
        )
        return list(circumstances.broken(event, around))

    # --- Whether it is there already ---------------------------------------------------------------------

    def _not_yet_there(self, event: ConsentEvent, has_reasons: bool) -> None:
        own = replace(event.as_event(), id=same.NOT_YET)
        if self.kind == CORRECTION:
            self._corrects_something(own, has_reasons)
            return
        found = same.already(self.log, own)
        if found is not None:
            row = self.rows[found.id]
            raise Refused([Problem("kind", "already_recorded", self._named(row))])

    def _corrects_something(self, own: Event, has_reasons: bool) -> None:
        pair, root = same.corrected(self.log, own), self.root
        if pair is None or root is None:
            return
        if same.takes_back(own):
            if has_reasons:
                raise CrfInvalid(
                    [
                        Problem(
                            "absent",
                            "alone",
                            _(
                                "A correction states what is right. To say that the entry should not be there, state"
                                " nothing but the reason."
                            ),
                        )
                    ]
                )
            if root.id not in same.taken_back(self.log):
                return
        elif pair[0] != pair[1]:
            return
        last = [row for row in self.rows.values() if row.pk == root.id or row.corrects_id is not None][-1]
        raise Refused([Problem("corrects", "already_so", self._named(last))])

    def _named(self, row: ConsentEvent) -> str:
        """Which entry says it already, who made it and when."""
        when = timezone.localtime(row.entered_at, self.zone)
        return _(
            "The log says this already: entry %(number)d, “%(kind)s”, entered by %(who)s on %(when)s. Look at it; what is"
            " wrong there is corrected, and what is missing is added by a correction."
        ) % {
            "number": row.pk,
            "kind": row.get_kind_display(),
            "who": row.entered_by,
            "when": f"{when:%d %b %Y, %H:%M}",
        }
