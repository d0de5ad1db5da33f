"""How each state word of the portal is shown: its label, its tone, its icon. One table, so that a state looks
the same on every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TONES: Final = ("neutral", "good", "attention", "bad", "info", "accent")

TONE_ICONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "neutral": "circle",
        "good": "check",
        "attention": "alert",
        "bad": "cross",
        "info": "info",
        "accent": "dot",
    }
)


@dataclass(frozen=True, slots=True)
class State:
    """A state as it is shown. `tone` is one of TONES, `icon` a key of `icons.ICONS`."""

    label: str | Promise
    tone: str
    icon: str


STATES: Final[Mapping[str, State]] = MappingProxyType(
    {
        # forms and visits
        "not_expected": State(_("Not expected"), "neutral", "dash"),
        "not_started": State(_("Not started"), "neutral", "circle"),
        "expected": State(_("Expected"), "neutral", "circle"),
        "draft": State(_("Draft"), "neutral", "pen"),
        "incomplete": State(_("Incomplete"), "attention", "half"),
        "complete": State(_("Complete"), "good", "check"),
        "soon": State(_("Due soon"), "info", "calendar"),
        "scheduled": State(_("Scheduled"), "info", "calendar"),
        "due": State(_("Due"), "accent", "clock"),
        "overdue": State(_("Overdue"), "bad", "alert"),
        "upcoming": State(_("Upcoming"), "neutral", "calendar"),
        "in_progress": State(_("In progress"), "attention", "half"),
        "not_applicable": State(_("Not applicable"), "neutral", "dash"),
        "unscheduled": State(_("Unscheduled"), "info", "calendar"),
        "undated": State(_("Not dated"), "neutral", "calendar"),
        "missed": State(_("Missed"), "bad", "cross"),
        "locked": State(_("Locked"), "neutral", "lock"),
        "signed": State(_("Signed"), "good", "pen"),
        "signature_broken": State(_("Signature broken"), "bad", "alert"),
        "verified": State(_("Source verified"), "good", "eye"),
        # queries and deviations
        "open": State(_("Open"), "attention", "query"),
        "answered": State(_("Answered"), "info", "query"),
        "explained": State(_("Explained"), "info", "query"),
        "closed": State(_("Closed"), "neutral", "check"),
        "reopened": State(_("Reopened"), "attention", "query"),
        "minor": State(_("Minor"), "info", "flag"),
        "major": State(_("Major"), "attention", "flag"),
        "critical": State(_("Critical"), "bad", "flag"),
        # adverse events
        "serious": State(_("Serious"), "bad", "alert"),
        "not_serious": State(_("Not serious"), "neutral", "circle"),
        "event_open": State(_("Goes on"), "attention", "clock"),
        "event_ended": State(_("Ended"), "good", "check"),
        "special_interest": State(_("Of special interest"), "info", "flag"),
        "unexpected_reaction": State(_("Suspected unexpected serious reaction"), "bad", "alert"),
        # reporting of serious events
        "clock_running": State(_("Running"), "info", "clock"),
        "clock_soon": State(_("Due soon"), "attention", "clock"),
        "clock_overdue": State(_("Time has passed"), "bad", "alert"),
        "clock_unclear": State(_("Start not known"), "attention", "query"),
        "clock_conditional": State(_("If it is serious"), "attention", "query"),
        "clock_stopped": State(_("In time"), "good", "check"),
        "clock_stopped_late": State(_("Late"), "bad", "clock"),
        "clock_stopped_unclear": State(_("Done; whether late cannot be said"), "attention", "query"),
        "report_corrected": State(_("Corrected by a later version"), "neutral", "history"),
        "report_taken_back": State(_("Taken back: never sent"), "neutral", "cross"),
        "deviation_open": State(_("Open"), "attention", "circle"),
        "deviation_closed": State(_("Closed"), "good", "check"),
        "deviation_withdrawn": State(_("No longer present"), "neutral", "dash"),
        # approvals of a site
        "approval_valid": State(_("Valid"), "good", "check"),
        "approval_waived": State(_("Waived"), "info", "flag"),
        "approval_soon": State(_("Lapses soon"), "attention", "clock"),
        "approval_missing": State(_("Missing"), "bad", "cross"),
        "approval_not_yet": State(_("Not yet valid"), "bad", "calendar"),
        "approval_lapsed": State(_("Lapsed"), "bad", "clock"),
        "approval_suspended": State(_("Suspended"), "bad", "blocked"),
        "approval_withdrawn": State(_("Withdrawn"), "bad", "blocked"),
        "approval_in_error": State(_("Entered in error"), "neutral", "cross"),
        "approval_open": State(_("Possible"), "good", "check"),
        "approval_closed": State(_("Refused"), "bad", "blocked"),
        # consent documents
        "document_current": State(_("In use"), "good", "check"),
        "document_ending": State(_("Approval ends soon"), "attention", "clock"),
        "document_not_approved": State(_("Draft"), "attention", "pen"),
        "document_not_yet": State(_("Not yet in use"), "info", "calendar"),
        "document_superseded": State(_("Superseded"), "neutral", "history"),
        "document_withdrawn": State(_("Withdrawn"), "bad", "blocked"),
        "document_approval_lapsed": State(_("Approval lapsed"), "bad", "clock"),
        "document_none": State(_("None"), "neutral", "dash"),
        # jobs
        "queued": State(_("Queued"), "neutral", "clock"),
        "running": State(_("Running"), "info", "play"),
        "done": State(_("Done"), "good", "check"),
        "failed": State(_("Failed"), "bad", "cross"),
        "cancelled": State(_("Cancelled"), "neutral", "blocked"),
        # the bedside
        "interrupted": State(_("Interrupted"), "attention", "alert"),
        "stopped": State(_("Stopped"), "neutral", "check"),
        "done_off": State(_("Done, off its time"), "attention", "check"),
        "later": State(_("Later"), "neutral", "clock"),
        # consent
        "in_force": State(_("Consent in force"), "good", "check"),
        "missing": State(_("No consent"), "bad", "cross"),
        "reconsent_due": State(_("Re-consent due"), "attention", "clock"),
        "agreed": State(_("Agreed"), "good", "check"),
        "reconsent_overdue": State(_("Re-consent overdue"), "bad", "clock"),
        "partly_withdrawn": State(_("Partly withdrawn"), "attention", "half"),
        "withdrawn": State(_("Withdrawn"), "bad", "blocked"),
        "not_in_force": State(_("Consent not in force"), "bad", "cross"),
        "consent_unclear": State(_("Consent not clear"), "attention", "query"),
        "declined": State(_("Declined"), "neutral", "blocked"),
        # cell products
        "pending": State(_("Pending"), "neutral", "clock"),
        "waiting": State(_("Waiting for a result"), "attention", "clock"),
        "released": State(_("Released"), "good", "check"),
        "quarantined": State(_("Quarantined"), "attention", "lock"),
        "rejected": State(_("Rejected"), "bad", "cross"),
        "possible": State(_("Possible"), "good", "check"),
        "not_possible": State(_("Not possible"), "neutral", "lock"),
        "expired": State(_("Expired"), "bad", "clock"),
        "infused": State(_("Infused"), "good", "drop"),
        "discarded": State(_("Discarded"), "neutral", "cross"),
        "passed": State(_("Passed"), "good", "check"),
        "dose_within": State(_("As planned"), "good", "check"),
        "dose_below": State(_("Below the plan"), "attention", "alert"),
        "dose_above": State(_("Above the plan"), "attention", "alert"),
        # steps and participants
        "current": State(_("In progress"), "accent", "dot"),
        "blocked": State(_("Blocked"), "bad", "blocked"),
        "todo": State(_("To do"), "neutral", "circle"),
        "screening": State(_("In screening"), "info", "search"),
        "enrolled": State(_("Enrolled"), "good", "check"),
        "eligible": State(_("Eligible"), "good", "check"),
        "not_eligible": State(_("Not eligible"), "bad", "cross"),
        "undetermined": State(_("Not decided yet"), "attention", "half"),
        "overridden": State(_("Overridden"), "attention", "pen"),
        "override_broken": State(_("Override no longer stands"), "bad", "alert"),
        "not_reached": State(_("Not reached"), "neutral", "dash"),
        "duplicate": State(_("Already screened"), "neutral", "people"),
        "active": State(_("Active"), "good", "check"),
        "inactive": State(_("Inactive"), "neutral", "dash"),
        # people and roles
        "deactivated": State(_("Deactivated"), "neutral", "blocked"),
        "held": State(_("Yes"), "good", "check"),
        "role_in_force": State(_("In force"), "good", "check"),
        "role_ahead": State(_("To come"), "info", "calendar"),
        "role_over": State(_("Over"), "neutral", "dash"),
        "role_ended": State(_("Ended at once"), "attention", "blocked"),
        "completed": State(_("Completed"), "good", "flag"),
        "lost": State(_("Lost to follow-up"), "attention", "alert"),
        "excluded": State(_("Excluded"), "neutral", "blocked"),
        "synthetic": State(_("Synthetic"), "info", "flask"),
        "retrospective": State(_("Retrospective"), "info", "history"),
    }
)


def state_of(key: object) -> State:
    """The state for a key; an unknown key shows its own words in the neutral tone rather than nothing."""
    text = str(key)
    found = STATES.get(text)
    if found is not None:
        return found
    return State(text.replace("_", " ").capitalize(), "neutral", "circle")
