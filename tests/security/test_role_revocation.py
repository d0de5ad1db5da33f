"""A role that ends while its person is writing: each write commits before the revocation returns, or is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from apps.enrolment.models import Participant
from studyportal import protocol
from studyportal.access import tokens
from studyportal.access.models import Membership

# What ending a membership takes before it writes; see studyportal/access/standing.py.
WAIT = "SELECT pg_advisory_xact_lock(hashtext('studyportal.standing'), %s)"
WRITERS = 3


@pytest.mark.django_db(transaction=True)
def test_nothing_commits_after_the_revocation(cast: Any) -> None:
    protocol.current()
    _token, secret = tokens.issue(by=cast.asha, name="script")
    if hasattr(_token, "access"):  # a token reads, unless it is asked to write
        type(_token).objects.filter(pk=_token.pk).update(access="read_write")
    revoked, begun, answers = threading.Event(), threading.Event(), []

    def write() -> None:
        client = APIClient(HTTP_AUTHORIZATION=f"Token {secret}")
        try:
            after = 0
            while after < 3:
                known = revoked.is_set()
                answer = client.post("/api/v1/participants/", {"site": "MUM", "group": "case"})
                answers.append((known, answer.status_code))
                begun.set()
                after += known
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert begun.wait(20)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(WAIT, [cast.asha.pk])
        Membership.objects.filter(user=cast.asha).update(valid_until="2020-01-02")
    stood = Participant.objects.count()
    revoked.set()
    for writer in writers:
        writer.join(30)
    assert Participant.objects.count() == stood
    assert {status for known, status in answers if known} == {403}
    assert [status for _known, status in answers].count(201) == stood
    assert {status for _known, status in answers} == {201, 403}
