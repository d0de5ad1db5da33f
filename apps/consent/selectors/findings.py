"""The findings as pages and the API ask for them: of one participant, counted, in lists, by amendment."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median

from django.db.models import Count, QuerySet

from apps.consent.rules.documents import Document
from apps.consent.rules.findings import BY_NUMBER, NUMBERS, About, ConsentFinding
from apps.consent.rules.findings.case import Asking
from apps.consent.rules.findings.documents import amendment_answers
from apps.consent.selectors.findings_pass import Person, Told, tell
from apps.enrolment.models import Participant, ScreeningEntry
from studyportal.access.models import User
from studyportal.access.permissions import Permission

SEVERITIES = ("critical", "major", "minor")
SCREENING, AMENDMENTS = 14, 10
# Outcomes of the screening log after which the person's own reason is asked for.
WITH_A_REASON = ("declined", "other")


@dataclass(frozen=True)
class ParticipantFinding:
    """A finding with whom it is about."""

    participant: Person
    finding: ConsentFinding


@dataclass(frozen=True)
class Choice:
    """What findings are narrowed to; "" and empty: not at all."""

    site: str = ""
    numbers: frozenset[int] = NUMBERS
    verdict: str = ""
    severity: str = ""
    participant: str = ""

    def holds(self, one: ConsentFinding) -> bool:
        return (
            one.number in self.numbers
            and self.verdict in ("", one.verdict)
            and self.severity in ("", one.severity)
        )


def _scope(user: User, choice: Choice, permission: Permission) -> QuerySet[Participant]:
    found = Participant.objects.visible_to(user, permission)
    if choice.site:
        found = found.filter(site__code=choice.site)
    return found.filter(code=choice.participant) if choice.participant else found


def findings_of(
    participant: Participant, *, by: User | None = None, today: dt.date | None = None
) -> list[ConsentFinding]:
    """The findings of one participant whom the caller may see. by: who reads them."""
    with closing(tell(Participant.objects.filter(pk=participant.pk), by=by, today=today)) as told:
        return next((one.found for one in told), [])


def listed(
    user: User,
    choice: Choice,
    *,
    permission: Permission = Permission.VIEW_FINDINGS,
    today: dt.date | None = None,
) -> Iterator[ParticipantFinding]:
    """The findings in order of participants and questions; then those of the screening log. Synthetic ones included."""
    told = tell(_scope(user, choice, permission), by=user, numbers=choice.numbers, today=today)
    with closing(told):
        for one in told:
            yield from (ParticipantFinding(one.person, found) for found in one.found if choice.holds(found))
    if SCREENING in choice.numbers and not choice.participant:
        for entry in of_screening_log(user, choice, permission=permission):
            if choice.holds(entry.finding):
                yield entry


def findings_for(
    user: User, *, permission: Permission = Permission.VIEW_FINDINGS, today: dt.date | None = None
) -> list[ParticipantFinding]:
    """All findings that the user may see."""
    return list(listed(user, Choice(), permission=permission, today=today))


# --- The screening log -----------------------------------------------------------------------------------


def of_screening_log(
    user: User,
    choice: Choice,
    *,
    permission: Permission = Permission.VIEW_FINDINGS,
    after: int = 0,
) -> Iterator[ParticipantFinding]:
    """14, of the people who never became participants: open, or gone without a reason. One query."""
    rows = _screened(user, choice, permission).filter(pk__gt=after).order_by("pk")
    for entry in rows.select_related("site").iterator(chunk_size=2000):
        said = _unconsented(entry)
        if said is None:
            continue
        code, message, verdict = said
        person = Person(
            pk=entry.pk,
            code=entry.number,
            site_id=entry.site_id,
            site_code=entry.site.code,
            synthetic=entry.synthetic,
            retrospective=entry.retrospective,
            participant=False,
        )
        yield ParticipantFinding(
            person,
            ConsentFinding(
                SCREENING,
                code,
                BY_NUMBER[SCREENING].title,
                "minor",
                message,
                "indeterminate" if verdict == "indeterminate" else "fail",
                About("enrolment.screeningentry", entry.number),
            ),
        )


def _screened(user: User, choice: Choice, permission: Permission) -> QuerySet[ScreeningEntry]:
    found = ScreeningEntry.objects.visible_to(user, permission).filter(participant__isnull=True)
    return found.filter(site__code=choice.site) if choice.site else found


def _unconsented(entry: ScreeningEntry) -> tuple[str, str, str] | None:
    if entry.is_open:
        return (
            "screened_open",
            "Being screened: neither a consent nor an outcome is recorded yet.",
            "indeterminate",
        )
    if entry.outcome in WITH_A_REASON and not entry.reason_code and not entry.reason_text:
        return "screened_without_reason", "Did not go on, and no reason is recorded.", "fail"
    return None


def screening_counts(user: User, choice: Choice) -> list[tuple[str, int]]:
    """Outcome → how many of the screening log never became participants. One query."""
    rows = _screened(user, choice, Permission.VIEW_FINDINGS).order_by()
    counted = dict(rows.values_list("outcome").annotate(n=Count("pk")))
    known = ScreeningEntry._meta.get_field("outcome").flatchoices
    return [(str(label), counted[code]) for code, label in known if counted.get(code)]


# --- Counted ---------------------------------------------------------------------------------------------


@dataclass
class Counted:
    """What was found for one question: shown to fail by severity, or undecided by the record."""

    number: int
    failed: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    participants: int = 0
    # Site → (failed, undecided).
    sites: dict[str, list[int]] = field(default_factory=dict)

    @property
    def found(self) -> int:
        return sum(self.failed.values())

    @property
    def gravest(self) -> str:
        """Of what was shown to fail."""
        return next((severity for severity in SEVERITIES if self.failed[severity]), "")

    def add(self, one: ParticipantFinding) -> None:
        at = self.sites.setdefault(one.participant.site_code, [0, 0])
        if one.finding.verdict == "fail":
            self.failed[one.finding.severity] += 1
            at[0] += 1
        else:
            self.undecided += 1
            at[1] += 1


@dataclass
class Tally:
    """The sixteen questions counted, in their order. people: with a finding of any kind; looked_at: participants."""

    questions: Mapping[int, Counted]
    looked_at: int = 0
    people: int = 0

    def failed(self, severity: str) -> int:
        return sum(one.failed[severity] for one in self.questions.values())

    @property
    def undecided(self) -> int:
        return sum(one.undecided for one in self.questions.values())


def tally(user: User, choice: Choice, *, today: dt.date | None = None) -> Tally:
    """One pass over everybody whom the user may see; nothing of it is kept but the counts."""
    found = Tally({number: Counted(number) for number in sorted(choice.numbers)})
    told = tell(_scope(user, choice, Permission.VIEW_FINDINGS), by=user, numbers=choice.numbers, today=today)
    with closing(told):
        for one in told:
            found.looked_at += 1
            own = [finding for finding in one.found if choice.holds(finding)]
            _count(found, (ParticipantFinding(one.person, finding) for finding in own))
            for number in {finding.number for finding in own}:
                found.questions[number].participants += 1
            found.people += bool(own)
    if SCREENING in choice.numbers and not choice.participant:
        rows = [one for one in of_screening_log(user, choice) if choice.holds(one.finding)]
        _count(found, rows)
    return found


def _count(found: Tally, rows: Iterable[ParticipantFinding]) -> None:
    for one in rows:
        found.questions[one.finding.number].add(one)


# --- People ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonCounted:
    """One participant who has findings: how many failed by severity, how many are undecided, and for which questions."""

    participant: Person
    failed: Counter[str]
    undecided: int
    numbers: tuple[int, ...]


def people(user: User, choice: Choice) -> Iterator[PersonCounted]:
    """Everybody with a finding, in order of participants."""
    with closing(
        tell(_scope(user, choice, Permission.VIEW_FINDINGS), by=user, numbers=choice.numbers)
    ) as told:
        for one in told:
            own = [finding for finding in one.found if choice.holds(finding)]
            if own:
                failed = Counter(finding.severity for finding in own if finding.verdict == "fail")
                yield PersonCounted(
                    one.person,
                    Counter({str(severity): n for severity, n in failed.items()}),
                    len(own) - sum(failed.values()),
                    tuple(sorted({finding.number for finding in own})),
                )


# --- Amendments ------------------------------------------------------------------------------------------


@dataclass
class Amendment:
    """How far an approved amendment has been signed anew by those whom it concerns. lags: days, of those who signed."""

    document: Document
    site_code: str
    states: Counter[str] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)

    @property
    def concerned(self) -> int:
        return sum(self.states.values())

    @property
    def signed(self) -> int:
        return self.states["signed"] + self.states["late"] + self.states["unclear"]

    @property
    def share(self) -> float | None:
        """Per cent of those concerned."""
        return 100 * self.signed / self.concerned if self.concerned else None

    @property
    def median_lag(self) -> float | None:
        return median(self.lags) if self.lags else None

    @property
    def longest_lag(self) -> int | None:
        return max(self.lags, default=None)


def amendments(user: User, choice: Choice, *, today: dt.date | None = None) -> list[Amendment]:
    """Each amendment with its share and lag, by site and first day; also one that nobody had to sign yet."""
    found: dict[int, Amendment] = {}
    told = tell(_scope(user, choice, Permission.VIEW_FINDINGS), by=user, numbers={AMENDMENTS}, today=today)
    with closing(told):
        for one in told:
            for document in one.site.register.amendments():
                found.setdefault(document.id, Amendment(document, one.site.code))
            for answer in amendment_answers(Asking(one.case, one.site, one.study)):
                amendment = found[answer.document.id]
                amendment.states[answer.state] += 1
                if answer.lag is not None and answer.state in ("signed", "late"):
                    amendment.lags.append(answer.lag)
    return sorted(
        found.values(),
        key=lambda one: (one.site_code, one.document.valid_from or dt.date.max, one.document.id),
    )


# --- Pages of the API ------------------------------------------------------------------------------------

# Participants who are looked at together while a page is filled: what a page costs does not grow with its depth.
WINDOW = 500


@dataclass(frozen=True)
class Place:
    """Where a page of the API goes on: after this many findings of this row of participants, or of the screening log."""

    of_log: bool = False
    pk: int = 0
    seen: int = 0


def page(
    user: User, choice: Choice, place: Place, size: int
) -> tuple[list[ParticipantFinding], Place | None]:
    """At most `size` findings from that place on, and the place after them; None: there is nothing more."""
    found: list[tuple[Place, ParticipantFinding]] = []
    if not place.of_log:
        scope = _scope(user, choice, Permission.VIEW_FINDINGS)
        first = place.pk
        while len(found) <= size:
            within = scope.filter(pk__gte=first)
            last = within.order_by("pk").values_list("pk", flat=True)[WINDOW - 1 : WINDOW].first()
            rows = within.filter(pk__lte=last) if last is not None else within
            found += _placed(tell(rows, by=user, numbers=choice.numbers), choice, place)
            if last is None:
                break
            first = last + 1
    if len(found) <= size and SCREENING in choice.numbers and not choice.participant:
        for one in of_screening_log(user, choice, after=place.pk if place.of_log else 0):
            if choice.holds(one.finding):
                found.append((Place(True, one.participant.pk), one))
                if len(found) > size:
                    break
    rows_of_page = found[:size]
    return [one for _place, one in rows_of_page], rows_of_page[-1][0] if len(found) > size else None


def _placed(
    told: Iterable[Told], choice: Choice, place: Place
) -> Collection[tuple[Place, ParticipantFinding]]:
    rows = []
    for one in told:
        own = [finding for finding in one.found if choice.holds(finding)]
        for number, finding in enumerate(own, start=1):
            if one.person.pk != place.pk or number > place.seen:
                rows.append((Place(False, one.person.pk, number), ParticipantFinding(one.person, finding)))
    return rows
