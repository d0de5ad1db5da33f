"""What must be true before a document is approved or withdrawn in the register. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.consent.rules.documents import DRAFT, Document
from apps.enrolment.rules.approvals import Approval
from studyportal.crf.outcomes import Problem
from studyportal.words import said


@dataclass(frozen=True)
class Statement:
    """What a new version says of those who signed the one before."""

    supersedes: int | None = None
    what_changed: str = ""
    reconsent_needed: bool | None = None
    reconsent_from: dt.date | None = None
    reconsent_whom: str = ""


def statement_problems(statement: Statement, valid_from: dt.date | None) -> Iterator[Problem]:
    """Of a version that supersedes another, and of one that supersedes none."""
    if statement.supersedes is None:
        if statement.reconsent_needed:
            yield Problem(
                "reconsent_needed",
                "supersedes_none",
                said(
                    "This is the first version: nobody signed before. Say which version it supersedes, or"
                    " that nobody signs again."
                ),
            )
        return
    if not statement.what_changed:
        yield Problem(
            "what_changed", "required", said("Say what changed, in words that those who signed understand.")
        )
    if statement.reconsent_needed is None:
        yield Problem("reconsent_needed", "required", said("Say whether those who signed before sign again."))
    if not statement.reconsent_needed:
        for name in ("reconsent_from", "reconsent_whom"):
            if getattr(statement, name):
                yield Problem(
                    name, "not_needed", said("Nobody signs again, so leave this empty, or say that they do.")
                )
        return
    if not statement.reconsent_whom:
        yield Problem("reconsent_whom", "required", said("Say who signs again."))
    if statement.reconsent_from is None:
        yield Problem("reconsent_from", "required", said("Give the day from which they sign again."))
    elif valid_from is not None and statement.reconsent_from < valid_from:
        yield Problem(
            "reconsent_from",
            "before_first_day",
            said("Nobody can sign this version before its first day, %(valid_from)s.", valid_from=valid_from),
        )


def approval_problems(
    *, approval: Approval | None, of_site: bool, of_committee: bool, valid_from: dt.date | None
) -> Iterator[Problem]:
    """Of the approval that a document names. approval None: none is named, or it was entered in error."""
    if approval is None:
        yield Problem(
            "approval",
            "required",
            said("Choose the approval of the ethics committee that covers this document."),
        )
        return
    if not of_site:
        yield Problem("approval", "other_site", said("That approval belongs to another site."))
        return
    if not of_committee:
        yield Problem(
            "approval",
            "kind",
            said("Only an approval of the ethics committee approves what participants sign."),
        )
        return
    if approval.waived:
        yield Problem(
            "approval", "waived", said("A waiver approves no document. Choose the approval with its number.")
        )
        return
    if valid_from is None:
        yield Problem("valid_from", "required", said("Give the first day on which it may be signed."))
    elif not approval.within(valid_from):
        until = said("without end") if approval.last is None else said("to %(last)s", last=approval.last)
        yield Problem(
            "valid_from",
            "outside_approval",
            said(
                "The approval %(number)s is valid from %(first)s %(until)s. The first day lies in it.",
                number=approval.number,
                first=approval.first,
                until=until,
            ),
        )
    elif approval.suspended(valid_from) is not None:
        yield Problem(
            "valid_from",
            "approval_suspended",
            said(
                "The approval %(number)s was suspended on this day. Choose a day on which it holds.",
                number=approval.number,
            ),
        )


def text_problems(
    languages: Sequence[str], files: Mapping[str, bool], names: Mapping[str, str]
) -> Iterator[Problem]:
    """Every language of the study has its file. files: language → whether its file is kept; names: as people say it."""
    missing = [names.get(one, one) for one in languages if not files.get(one)]
    if missing:
        yield Problem(
            None,
            "language_missing",
            said(
                "A file is missing in: %(missing)s. Everybody signs in a language that they read.",
                missing=missing,
            )
            + said(". Everybody signs in a language that they read."),
        )


def line_problems(
    draft: Document, others: Iterable[Document], valid_from: dt.date | None
) -> Iterator[Problem]:
    """Whether the version continues the line of its purpose: at most one version of it is in use on a day.

    others: the documents of the site with the same purpose and kind.
    """
    known = [one for one in others if one.id != draft.id and one.state != DRAFT]
    # One that was withdrawn before it began was never in use.
    used = [
        one
        for one in known
        if one.withdrawn_from is None or one.valid_from is None or one.withdrawn_from > one.valid_from
    ]
    newest = max(used, key=lambda one: (one.valid_from or dt.date.min, one.id), default=None)
    if newest is None:
        return
    if draft.supersedes is None and newest.withdrawn_from is not None:
        # A line that has ended may begin anew.
        if valid_from is not None and valid_from < newest.withdrawn_from:
            yield Problem(
                "valid_from",
                "before_withdrawal",
                said(
                    "Version %(version_label)s was in use before %(withdrawn_from)s. Begin on that day or"
                    " later.",
                    version_label=newest.version_label,
                    withdrawn_from=newest.withdrawn_from,
                ),
            )
        return
    if draft.supersedes != newest.id:
        yield Problem(
            "supersedes",
            "not_newest",
            said(
                "Version %(version_label)s is the newest approved one for this purpose. Say that this"
                " version supersedes it.",
                version_label=newest.version_label,
            ),
        )
        return
    if valid_from is not None and newest.valid_from is not None and valid_from <= newest.valid_from:
        yield Problem(
            "valid_from",
            "before_superseded",
            said(
                "Version %(version_label)s is in use from %(valid_from)s. A new version begins later.",
                version_label=newest.version_label,
                valid_from=newest.valid_from,
            ),
        )


def withdrawal_problems(document: Document, from_on: dt.date | None, because: str) -> Iterator[Problem]:
    """Of the withdrawal of an approved document."""
    if document.state == DRAFT:
        yield Problem(
            None, "draft", said("A draft is in use nowhere, so it is not withdrawn. Change it or discard it.")
        )
        return
    if document.withdrawn_from is not None:
        yield Problem(
            None,
            "withdrawn",
            said(
                "It was withdrawn from %(withdrawn_from)s already, and that stays.",
                withdrawn_from=document.withdrawn_from,
            ),
        )
        return
    if from_on is None:
        yield Problem("from_on", "required", said("Give the first day on which it may no longer be signed."))
    elif document.valid_from is not None and from_on < document.valid_from:
        yield Problem(
            "from_on",
            "before_first_day",
            said("It is in use from %(valid_from)s only.", valid_from=document.valid_from),
        )
    elif document.superseded_from is not None and from_on >= document.superseded_from:
        yield Problem(
            "from_on",
            "superseded_before",
            said(
                "It was superseded from %(superseded_from)s, so it is not in use on this day anyway.",
                superseded_from=document.superseded_from,
            ),
        )
    if len(because) < 10:
        yield Problem("because", "required", said("Say why it was withdrawn, in at least 10 characters."))
