"""The jobs of the consent log: its verification, by a person or by night."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from apps.consent.actions import chain
from apps.consent.selectors.chain import VERIFY_JOB
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.jobs import Params, Result, job


class VerifyParams(Params):
    """Nothing is asked for: always the whole log."""


@job(
    VERIFY_JOB,
    title=gettext_lazy("Verification of the consent log"),
    permission=Permission.VIEW_CONSENT_LOG,
    params=VerifyParams,
)
def verify_log(params: VerifyParams, progress: Any, by: User) -> Result:
    """Reads without writing; what was found is kept, and signed when intact, in the transaction that ends the job."""
    at = timezone.now()
    report = chain.verify(tell=progress)

    def write() -> dict[str, Any]:
        kept = chain.keep(report=report, by=by, at=at)
        return {**chain.summary(*kept), "url": reverse("oversight:integrity")}

    return Result(write=write)


@shared_task(name="consent.verify_log_nightly")
def verify_nightly() -> None:
    """Acts for nobody, and tells in the log of the process when something is wrong."""
    chain.verify_now()
