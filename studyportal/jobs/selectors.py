"""Reads: a person sees the jobs that the person asked for, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from studyportal.access.models import User

from .models import Job

if TYPE_CHECKING:
    from rest_framework.request import Request


def person(request: HttpRequest | Request) -> User:
    """Who asks, where the declared permission has made sure that somebody is signed in."""
    return cast(User, request.user)


def own(user: User) -> QuerySet[Job]:
    return Job.objects.filter(requester_id=user.pk)


def own_or_404(user: User, job_id: int) -> Job:
    job = own(user).filter(pk=job_id).first()
    if job is None:
        raise Http404(_("No job with this number among those that you asked for."))
    return job
