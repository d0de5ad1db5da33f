"""How the state of consent is named in one word, and where what is due is done: for every page that leads here."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from apps.consent.rules import SIGNATURES, ConsentState, Task

_LATER = {
    "copy": "consent:entry-copy",
    "recording": "consent:entry-recording",
    "witness": "consent:entry-witness",
}


def chip_of(state: ConsentState) -> str:
    """The state of consent as one word of the portal (`ui.states`)."""
    signs_anew = state.phase in ("due", "overdue")
    if state.in_force == "yes":
        return "partly_withdrawn" if state.withdrawn else "reconsent_due" if signs_anew else "in_force"
    if state.in_force == "indeterminate":
        return "partly_withdrawn" if state.withdrawn else "consent_unclear"
    if state.withdrawn:
        return "withdrawn"
    return "reconsent_overdue" if state.phase == "overdue" else "not_in_force"


def task_state(task: Task) -> str:
    """The state of a task as one word of the portal."""
    return "overdue" if task.overdue else "soon" if task.ahead else "due"


def sign_url(code: str, signature: str, session: int | None = None) -> str:
    """The page on which a signature of the participant with this code is given."""
    url = reverse("consent:sign", args=[code, signature])
    return f"{url}?{urlencode({'session': session})}" if session else url


def task_url(code: str, task: Task) -> str:
    """Where a task of the participant with this code is done."""
    if task.kind in _LATER and task.concerns is not None:
        return reverse(_LATER[task.kind], args=[code, task.concerns])
    if task.kind == "representative" and task.concerns is not None and task.from_on is None:
        # Something of the entry is missing: it is mended there.
        return reverse("consent:entry", args=[code, task.concerns])
    if task.signature in SIGNATURES and not task.ahead:
        return sign_url(code, task.signature, task.session)
    return reverse("consent:participant", args=[code])
