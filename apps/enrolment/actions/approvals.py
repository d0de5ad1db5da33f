"""Every write to the approvals of a site.

What an enrolment relied on stays readable: rows are corrected with a reason, never deleted. After each write the
enrolments of the site are judged again (`start_up`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.enrolment.actions import reading
from apps.enrolment.actions.start_up import hold_approvals, recheck_enrolments
from apps.enrolment.models import ApprovalSuspension, SiteApproval, SuspensionKind
from apps.enrolment.rules import approval_records as records
from apps.enrolment.rules.approvals import ONE_DAY, Suspension, day_words
from apps.enrolment.selectors.approvals import approval_kinds
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.crf.attempts import accepted_file
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import taken
from studyportal.files import checks
from studyportal.files.actions import store

TEXTS = {"kind": 60, "authority": 160, "number": 80, "waiver_reason": 400, "covers": 1000, "note": 1000}
DAYS = ("approved_on", "valid_from", "valid_until")
FLAGS = ("waived", "without_end")
VALUES = (*TEXTS, *DAYS, *FLAGS)
Row = TypeVar("Row", SiteApproval, ApprovalSuspension)
# What it is stays: an approval that should have been a waiver, or of another kind, was entered in error.
APPROVAL_CHANGEABLE = tuple(name for name in VALUES if name not in ("kind", "waived"))


# --- Recording and changing ------------------------------------------------------------------------------


def record_approval(
    *,
    site: Site,
    by: User,
    upload: checks.Upload | None = None,
    supersedes: SiteApproval | None = None,
    **given: Any,
) -> SiteApproval:
    """Record an approval or (waived=True) the waiver of one; `given` are of VALUES.

    supersedes: the approval that this one renews. Raises CrfInvalid.
    """
    problems: list[Problem] = [
        Problem(name, "unknown_field", _("There is no such field.")) for name in given if name not in VALUES
    ]
    typed = _empty() | _typed({n: v for n, v in given.items() if n in VALUES}, problems)
    accepted = accepted_file(upload, problems, field="document")
    with _saving(site, by, problems):
        problems += _rules(typed, site, problems)
        problems += _renewal_problems(typed, site, supersedes)
        problems += _number_problems(typed, site, None)
        if problems:
            raise CrfInvalid(problems)
        approval = SiteApproval.objects.create(
            site=site,
            supersedes=supersedes,
            document=store(accepted=accepted, by=by) if accepted else None,
            recorded_by=by,
            **typed,
        )
        recheck_enrolments(site=site, by=by)
    return approval


def change_approval(
    *,
    approval: SiteApproval,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
    upload: checks.Upload | None = None,
    **given: Any,
) -> SiteApproval:
    """Correct an approval (APPROVAL_CHANGEABLE, and its document); what was given before needs a reason.

    Raises CrfInvalid, ReasonRequired, StaleVersion, or Refused for one that was entered in error.
    """
    problems: list[Problem] = [
        Problem(
            name,
            "read_only",
            _(
                "This is set when it is recorded and does not change. If it is wrong, say that the entry is an error."
            ),
        )
        for name in given
        if name not in APPROVAL_CHANGEABLE
    ]
    reason = taken(reason, problems)
    typed = _typed({n: v for n, v in given.items() if n in APPROVAL_CHANGEABLE}, problems)
    accepted = accepted_file(upload, problems, field="document")
    with _saving(approval.site, by, problems, reason):
        current = _current(approval, expected_version)
        before = {name: getattr(current, name) for name in VALUES}
        changed = {name: value for name, value in typed.items() if before[name] != value}
        if accepted is not None and current.document_id is not None:
            before["document"] = current.document_id
            if accepted.sha256 == current.document.sha256:  # type: ignore[union-attr]
                accepted = None
        if not changed and accepted is None and not problems:
            return current
        problems += _rules(before | changed, current.site, problems)
        problems += _number_problems(before | changed, current.site, current.pk)
        if problems:
            raise CrfInvalid(problems)
        touched = [*changed, *(["document"] if accepted else [])]
        given_before = [name for name in touched if before.get(name) not in (None, "", False)]
        if given_before and not reason:
            raise CrfInvalid([_reason_missing(given_before)])
        for name, value in changed.items():
            setattr(current, name, value)
        if accepted is not None:
            current.document = store(accepted=accepted, by=by)
        _save(current)
        recheck_enrolments(site=current.site, by=by)
    return current


def enter_in_error(
    *, approval: SiteApproval, by: User, reason: Any, expected_version: int | None = None
) -> SiteApproval:
    """Say that the approval was entered in error: it stays readable and no longer counts. For good."""
    problems: list[Problem] = []
    reason = _needed(reason, problems)
    with _saving(approval.site, by, problems, reason):
        if problems:
            raise CrfInvalid(problems)
        current = _current(approval, expected_version)
        current.in_error, current.error_reason = True, str(reason)
        _save(current)
        recheck_enrolments(site=current.site, by=by)
    return current


# --- Suspending and lifting ------------------------------------------------------------------------------


def suspend_approval(
    *,
    approval: SiteApproval,
    by: User,
    kind: str,
    from_on: Any,
    reason: Any,
    lifted_on: Any = None,
    lift_reason: Any = None,
    expected_version: int | None = None,
) -> ApprovalSuspension:
    """Record that the authority suspended or withdrew (SuspensionKind) the approval from a day on.

    lifted_on, lift_reason: of a suspension that is over already when it is recorded.
    """
    problems: list[Problem] = []
    if kind not in SuspensionKind.values:
        problems.append(Problem("kind", "choice", _("One of: %s.") % ", ".join(SuspensionKind.values)))
    first, lifted = reading.day("from_on", from_on, problems), reading.day("lifted_on", lifted_on, problems)
    said = reading.plain_text("reason", reason, 400, problems)
    why_lifted = reading.plain_text("lift_reason", lift_reason, 400, problems)
    with _saving(approval.site, by, problems):
        current = _current(approval, expected_version)
        unread = {problem.field for problem in problems}
        problems += [
            problem
            for problem in _suspension_problems(current, kind, first, said, lifted, why_lifted)
            if problem.field not in unread
        ]
        if problems or first is None:
            raise CrfInvalid(problems)
        suspension = ApprovalSuspension.objects.create(
            site=current.site, approval=current, kind=kind, from_on=first, reason=said, lifted_on=lifted,
            lift_reason=why_lifted, recorded_by=by,
        )  # fmt: skip
        recheck_enrolments(site=current.site, by=by)
    return suspension


def _suspension_problems(
    approval: SiteApproval,
    kind: str,
    first: dt.date | None,
    reason: str,
    lifted: dt.date | None,
    why_lifted: str,
) -> Iterable[Problem]:
    today = today_at(approval.site)
    yield from records.suspension_problems(
        approval=approval.as_rule(),
        first=first,
        reason=reason,
        today=today,
        others=[one.as_rule() for one in approval.standing_suspensions],
        last=None if lifted is None else lifted - ONE_DAY,
    )
    if lifted is None and not why_lifted:
        return
    held = Suspension(first or today, withdrawn=kind == SuspensionKind.WITHDRAWN)
    for problem in records.lifting_problems(held=held, lifted_on=lifted, today=today):
        if first is not None or problem.field is None:
            yield Problem(problem.field or "lifted_on", problem.code, problem.message)
    if len(why_lifted) < 3:
        yield Problem("lift_reason", "required", _("Say why it was lifted, in the words of the authority."))


def lift_suspension(
    *,
    suspension: ApprovalSuspension,
    by: User,
    lifted_on: Any,
    reason: Any,
    expected_version: int | None = None,
) -> ApprovalSuspension:
    """Record the day from which a suspended approval holds again. Refused for a withdrawal."""
    problems: list[Problem] = []
    day = reading.day("lifted_on", lifted_on, problems)
    said = reading.plain_text("lift_reason", reason, 400, problems)
    if len(said) < 3 and not problems:
        problems.append(
            Problem("lift_reason", "required", _("Say why it was lifted, in the words of the authority."))
        )
    with _saving(suspension.site, by, problems, said or None):
        current = _current(suspension, expected_version)
        found = list(
            records.lifting_problems(held=current.as_rule(), lifted_on=day, today=today_at(current.site))
        )
        if refusals := [problem for problem in found if problem.field is None]:
            raise Refused(refusals)
        if "lifted_on" not in {problem.field for problem in problems}:
            problems += found
        if problems:
            raise CrfInvalid(problems)
        current.lifted_on, current.lift_reason = day, said
        _save(current)
        recheck_enrolments(site=current.site, by=by)
    return current


def suspension_in_error(
    *, suspension: ApprovalSuspension, by: User, reason: Any, expected_version: int | None = None
) -> ApprovalSuspension:
    """Say that the suspension was entered in error: the approval holds as if it had never been."""
    problems: list[Problem] = []
    reason = _needed(reason, problems)
    with _saving(suspension.site, by, problems, reason):
        if problems:
            raise CrfInvalid(problems)
        current = _current(suspension, expected_version)
        current.in_error, current.error_reason = True, str(reason)
        _save(current)
        recheck_enrolments(site=current.site, by=by)
    return current


# --- Parts -----------------------------------------------------------------------------------------------


@contextmanager
def _saving(site: Site, by: User, problems: list[Problem], reason: Any = None) -> Iterator[None]:
    """One transaction under the lock of the site's approvals; a violated constraint becomes a problem."""
    try:
        with transaction.atomic(), acting(user=by, reason=reason):
            hold_approvals(site.pk)
            yield
    except IntegrityError as error:
        model = ApprovalSuspension if "approvalsuspension" in str(error.__cause__) else SiteApproval
        raise CrfInvalid([*problems, problem_of(error, model)]) from error


def _current(row: Row, expected_version: int | None) -> Row:
    """The row as it stands, locked. Raises StaleVersion, or Refused when it was entered in error."""
    rows: Any = type(row).objects.select_for_update(of=("self",)).select_related("site")
    current: Row = rows.get(pk=row.pk)
    if expected_version is not None and current.version != expected_version:
        raise StaleVersion(current)
    in_error = current.in_error or (isinstance(current, ApprovalSuspension) and current.approval.in_error)
    if in_error:
        raise Refused([Problem(None, "in_error", _("This was entered in error and stays as it is."))])
    return current


def _save(row: Any) -> None:
    row.version += 1
    row.save()


def _needed(reason: Any, problems: list[Problem]) -> Any:
    reason = taken(reason, problems)
    if reason is None and not problems:
        problems.append(Problem("reason", "reason_required", _("Say why this is an error.")))
    return reason


def _reason_missing(names: Iterable[str]) -> Problem:
    return Problem(
        "reason",
        "reason_required",
        _("These were given before. Say why you change them: %s.") % ", ".join(names),
    )


def _rules(values: Mapping[str, Any], site: Site, problems: Iterable[Problem]) -> list[Problem]:
    """What the rules say, but for the fields that could not even be read."""
    unread = {problem.field for problem in problems}
    given = records.Given(
        **{name: values[name] for name in VALUES if name not in ("covers", "note")},
    )
    found = records.approval_problems(
        given, kinds=[key for key, _label in approval_kinds()], today=today_at(site)
    )
    return [problem for problem in found if problem.field not in unread]


def _renewal_problems(
    values: Mapping[str, Any], site: Site, supersedes: SiteApproval | None
) -> Iterable[Problem]:
    if supersedes is None:
        return
    if supersedes.site_id != site.pk or supersedes.kind != values["kind"]:
        yield Problem(
            "supersedes",
            "other_approval",
            _("A renewal is of the same kind and at the same site as what it renews."),
        )
        return
    if supersedes.in_error:
        yield Problem("supersedes", "in_error", _("That approval was entered in error: it is not renewed."))
    if values["valid_from"] is not None and values["valid_from"] < supersedes.valid_from:
        yield Problem(
            "valid_from",
            "before_renewed",
            _("A renewal does not begin before what it renews, on %s.") % day_words(supersedes.valid_from),
        )


def _number_problems(values: Mapping[str, Any], site: Site, own: int | None) -> Iterable[Problem]:
    if values["waived"] or not values["number"]:
        return
    same = SiteApproval.objects.filter(
        site=site, number__iexact=values["number"], in_error=False, waived=False
    )
    if own is not None:
        same = same.exclude(pk=own)
    if (first := same.first()) is not None:
        yield Problem(
            "number",
            "unique",
            _("%(site)s has an approval with this number already: %(kind)s, from %(day)s. Correct that one.")
            % {"site": site.name, "kind": first.kind_label, "day": day_words(first.valid_from)},
        )


def _empty() -> dict[str, Any]:
    return dict.fromkeys(TEXTS, "") | dict.fromkeys(DAYS) | dict.fromkeys(FLAGS, False)


def _typed(given: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Values as they are stored; what cannot be read is added to the problems."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in TEXTS:
            values[name] = reading.plain_text(name, value, TEXTS[name], problems)
        elif name in DAYS:
            values[name] = reading.day(name, value, problems)
        elif isinstance(value, bool):
            values[name] = value
        else:
            problems.append(Problem(name, "boolean", _("Give true or false.")))
    return values
