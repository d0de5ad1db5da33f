"""The consent log, narrowed: what may be asked of it, and the rows that answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import ConsentEvent, Kind, Purpose, Signer
from apps.enrolment.selectors import consent_languages
from apps.oversight.narrowing import (
    clean_code,
    clean_day,
    clean_words,
    known,
    moment,
    site_filter,
)
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Filter
from studyportal.ui.templatetags.ui_tags import human_date_text

# Days between signature and entry from which an entry is shown; a word for those whose day is not known.
DELAYS = (1, 3, 8, 31)
NOT_KNOWN = "unknown"
# A menu longer than this serves nobody; what is beyond it is found by the words of the entry.
MOST_CHOICES = 200


@dataclass(frozen=True)
class LogChoice:
    """What the consent log is narrowed to. Days are days of the site, first and last included."""

    site: str = ""
    kind: str = ""
    participant: str = ""
    purpose: str = ""
    version: str = ""
    language: str = ""
    signer: str = ""
    obtainer: str = ""
    since: str = ""
    until: str = ""
    signed_since: str = ""
    signed_until: str = ""
    delay: str = ""
    special: str = ""


def specials() -> list[tuple[str, str]]:
    return [
        ("corrections", _("Corrections of an entry")),
        ("corrected", _("Entries that were corrected")),
        ("as_it_happened", _("Recorded although a rule was broken")),
        ("undated", _("Day of signature not known to the day")),
    ]


def delays() -> list[tuple[str, str]]:
    words = [(str(n), ngettext("%(n)d day or more", "%(n)d days or more", n) % {"n": n}) for n in DELAYS]
    return [*words, (NOT_KNOWN, _("Cannot be told: no day of signature"))]


def choice_of(query: QueryDict, sites: Sequence[Site]) -> LogChoice:
    """What the address asks for; what it cannot mean is left out, so that a page shows what it narrows by."""
    return LogChoice(
        site=known(query.get("site"), [site.code for site in sites]),
        kind=known(query.get("kind"), Kind.values),
        participant=clean_code(query.get("participant", "")),
        purpose=known(query.get("purpose"), Purpose.values),
        version=clean_words(query.get("version", "")),
        language=clean_words(query.get("language", "")),
        signer=known(query.get("signer"), Signer.values),
        obtainer=clean_words(query.get("obtainer", "")),
        since=clean_day(query.get("since")),
        until=clean_day(query.get("until")),
        signed_since=clean_day(query.get("signed_since")),
        signed_until=clean_day(query.get("signed_until")),
        delay=known(query.get("delay"), [code for code, _words in delays()]),
        special=known(query.get("special"), [code for code, _words in specials()]),
    )


# --- rows -----------------------------------------------------------------------------------------------


def _day(name: str, *, month: str, year: str) -> Func:
    """A bound of a partial date, which is stored as YYYY-MM-DD, YYYY-MM, YYYY or age:years."""
    text = "%(expressions)s"
    return Func(
        F(name),
        template=(
            f"CASE WHEN left({text}, 1) <> 'a' THEN CASE length({text}) WHEN 10 THEN {text}::date"
            f" WHEN 7 THEN {month.format(text)} WHEN 4 THEN {year.format(text)} END END"
        ),
        output_field=DateField(),
    )


EARLIEST_SIGNED = _day("signed_on", month="({} || '-01')::date", year="({} || '-01-01')::date")
LATEST_SIGNED = _day(
    "signed_on",
    month="(({} || '-01')::date + interval '1 month - 1 day')::date",
    year="({} || '-12-31')::date",
)
ENTERED_ON = Func(
    F("site__timezone"), F("entered_at"), template="timezone(%(expressions)s)::date", output_field=DateField()
)
DELAY = Func(
    ENTERED_ON, LATEST_SIGNED, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField()
)

# A correction states what it corrects: without a day of its own, that of the entry stands.
NO_DAY = Q(signed_latest__isnull=True) & ~Q(kind=Kind.CORRECTION)
UNDATED = ~Q(signed_on__regex=r"^\d{4}-\d\d-\d\d$", signed_on__isnull=False) & ~Q(kind=Kind.CORRECTION)


def log(user: User) -> QuerySet[ConsentEvent]:
    """Every entry that the user may read, with what a line shows of it. Never the sealed sheet."""
    found: QuerySet[ConsentEvent] = ConsentEvent.objects.visible_to(
        user, Permission.VIEW_CONSENT_LOG
    ).select_related("participant", "site", "entered_by", "obtainer", "document__document")
    return found.annotate(
        corrects_number=F("corrects__sequence"),
        concerns_number=F("concerns__sequence"),
        was_corrected=Exists(ConsentEvent.objects.filter(corrects=OuterRef("pk"))),
    )


def events(user: User, choice: LogChoice, zone: ZoneInfo) -> QuerySet[ConsentEvent]:
    """The entries that fit. zone: in which the days of entry are meant, that of the page."""
    found = log(user)
    exact = {
        "site__code": choice.site,
        "kind": choice.kind,
        "signer": choice.signer,
        "document_version": choice.version,
        "document_language": choice.language,
        "participant__code__contains": choice.participant,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if choice.purpose:
        asked = [choice.purpose]
        found = found.filter(Q(purposes__contains=asked) | Q(declined__contains=asked))
    if choice.obtainer:
        found = found.filter(
            Q(obtained_by__icontains=choice.obtainer)
            | Q(obtainer__username__icontains=choice.obtainer)
            | Q(obtainer__display_name__icontains=choice.obtainer)
        )
    found = _in_time(found, choice, zone)
    return {
        "corrections": lambda: found.filter(kind=Kind.CORRECTION),
        "corrected": lambda: found.filter(was_corrected=True),
        "as_it_happened": lambda: found.filter(as_it_happened__gt=""),
        "undated": lambda: found.filter(UNDATED),
    }.get(choice.special, lambda: found)()


def _in_time(found: QuerySet[ConsentEvent], choice: LogChoice, zone: ZoneInfo) -> QuerySet[ConsentEvent]:
    since, until = moment(choice.since, zone), moment(choice.until, zone, end=True)
    if since:
        found = found.filter(entered_at__gte=since)
    if until:
        found = found.filter(entered_at__lt=until)
    # A month or a year is found by every day that it may mean.
    if choice.signed_since:
        found = found.alias(signed_latest=LATEST_SIGNED).filter(signed_latest__gte=choice.signed_since)
    if choice.signed_until:
        found = found.alias(signed_earliest=EARLIEST_SIGNED).filter(signed_earliest__lte=choice.signed_until)
    if choice.delay == NOT_KNOWN:
        found = found.alias(signed_latest=LATEST_SIGNED).filter(NO_DAY)
    elif choice.delay:
        found = found.alias(delay=DELAY).filter(delay__gte=int(choice.delay))
    return found


@dataclass(frozen=True)
class Counts:
    """What the narrowed log holds."""

    entries: int
    participants: int
    corrections: int
    delayed: int
    undated: int
    as_it_happened: int


def counts_of(found: QuerySet[ConsentEvent]) -> Counts:
    """One query."""
    said = (
        found.order_by()
        .annotate(delay=DELAY, signed_latest=LATEST_SIGNED)
        .aggregate(
            entries=Count("pk"),
            participants=Count("participant", distinct=True),
            corrections=Count("pk", filter=Q(kind=Kind.CORRECTION)),
            delayed=Count("pk", filter=Q(delay__gte=1)),
            undated=Count("pk", filter=NO_DAY),
            as_it_happened=Count("pk", filter=Q(as_it_happened__gt="")),
        )
    )
    return Counts(**said)


# --- words ----------------------------------------------------------------------------------------------


def language_words(language: str) -> str:
    """A key of the protocol's languages in words; what a past record says of it, as it says it."""
    return consent_languages().get(language, language)


def said(choice: LogChoice, sites: Sequence[Site]) -> list[tuple[str, str]]:
    """What the log is narrowed to, in words: for a print, which is read without its controls."""
    shown: list[tuple[str, str]] = []
    for one in controls(choice, sites, versions=[choice.version], spoken=[choice.language]):
        if one.value:
            words = dict(one.choices).get(one.value, one.value)
            shown.append(
                (str(one.label), human_date_text(str(words)) if one.widget == "date" else str(words))
            )
    return shown


# How many of the controls stand behind “More filters”.
MORE = 9


def controls(
    choice: LogChoice, sites: Sequence[Site], *, versions: Sequence[str], spoken: Sequence[str]
) -> list[Filter]:
    """Every control; the first `len - MORE` stand in the open, the rest behind “More filters”."""
    anything = ("", _("All"))
    return [
        Filter(
            "participant", _("Participant"), widget="search", value=choice.participant, placeholder="MUM-0001"
        ),
        Filter("kind", _("Kind of entry"), value=choice.kind, choices=[anything, *Kind.choices]),
        *site_filter(sites, choice.site),
        Filter("since", _("Entered from"), widget="date", value=choice.since),
        Filter("until", _("Entered until"), widget="date", value=choice.until),
        Filter("signed_since", _("Signed from"), widget="date", value=choice.signed_since),
        Filter("signed_until", _("Signed until"), widget="date", value=choice.signed_until),
        Filter("signer", _("Signer"), value=choice.signer, choices=[anything, *Signer.choices]),
        Filter("purpose", _("Purpose"), value=choice.purpose, choices=[anything, *Purpose.choices]),
        Filter(
            "version",
            _("Version of the document"),
            value=choice.version,
            choices=[anything, *((one, one) for one in versions if one)],
        ),
        Filter(
            "language",
            _("Language of the document"),
            value=choice.language,
            choices=[anything, *((one, language_words(one)) for one in spoken if one)],
        ),
        Filter("obtainer", _("Obtained by"), widget="search", value=choice.obtainer),
        Filter("delay", _("Entered after the signature"), value=choice.delay, choices=[anything, *delays()]),
        Filter("special", _("Only"), value=choice.special, choices=[anything, *specials()]),
    ]


def documents_named(user: User, choice: LogChoice) -> tuple[list[str], list[str]]:
    """(versions, languages) that the entries of the user's sites name, with what is asked for now: one query."""
    named = (
        ConsentEvent.objects.visible_to(user, Permission.VIEW_CONSENT_LOG)
        .order_by()
        .values_list("document_version", "document_language")
        .distinct()[:MOST_CHOICES]
    )
    versions, spoken = {choice.version}, {choice.language}
    for version, language in named:
        versions.add(version or "")
        spoken.add(language or "")
    return sorted(versions - {""}), sorted(spoken - {""})
