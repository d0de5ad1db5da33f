"""Signing: the one road for pages and API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with
from studyportal.access.signing_in import second_factor
from studyportal.access.signing_in.reauthentication import NotConfirmed, confirm
from studyportal.signatures import content as canonical
from studyportal.signatures.errors import NotPermitted, NotSigned, NotTheSigner
from studyportal.signatures.models import Meaning, Method, Signature


@dataclass(frozen=True)
class ToSign:
    """A record as it stands, its row locked by the caller: what a signature is put on.

    history_entry: the newest row of its history.
    """

    record: Any
    content: Mapping[str, Any]
    complete: bool
    history_entry: int


def sign(
    *,
    form: str,
    site_id: int,
    read: Callable[[], ToSign],
    meaning: str,
    by: User,
    request: Any,
    password: str = "",
    code: str = "",
    method: Method | None = None,
) -> Signature:
    """Sign a record as the signed-in person, who confirms it with password (and one-time code) at this moment.

    read: locks the record within the transaction and gives it as it stands; it raises when that is not what the
    signer saw. method: how the person was `confirmed` just now by the caller, who writes and signs in one transaction:
    a one-time code serves once. Raises NotPermitted, NotTheSigner, NotSigned.
    """
    if request.user != by:
        raise NotPermitted("not_the_person", _("A signature is given by the person who is signed in."))
    if not by.may(Permission.SIGN_RECORDS, site_id):
        raise NotPermitted("permission", _("Your roles do not allow you to sign records at this site."))
    if meaning not in Meaning.values:
        raise NotSigned("meaning", _("Say what the signature means: %s.") % ", ".join(Meaning.values))
    # Before the transaction of the signature: a wrong password is counted, whatever else is rolled back.
    method = method or confirmed(request=request, user=by, password=password, code=code)
    with transaction.atomic():
        found = read()
        if not found.complete:
            raise NotSigned("incomplete", _("Only a complete form is signed. Complete it first."))
        digest = canonical.sha256_of(found.content)
        mine = Signature.objects.filter(
            form=form,
            object_id=found.record.pk,
            signer=by,
            meaning=meaning,
            content_sha256=digest,
            history_entry=found.history_entry,
        )
        if mine.exists():
            raise NotSigned("already_signed", _("You have already signed this content with this meaning."))
        return Signature.objects.create(
            site_id=found.record.site_id,
            participant_id=found.record.participant_id,
            form=form,
            object_id=found.record.pk,
            record_version=found.record.version,
            history_entry=found.history_entry,
            meaning=meaning,
            statement=str(Meaning(meaning).statement),
            signer=by,
            signer_name=str(by),
            signer_role=role_at(by, found.record.site_id),
            signed_at=timezone.now(),
            content_sha256=digest,
            content_format=canonical.FORMAT,
            method=method,
        )


def role_at(user: User, site_id: int) -> str:
    """The roles by which the user may sign at the site, in the language of the study."""
    with translation.override(settings.LANGUAGE_CODE):
        held = [
            str(ROLES[key].label)
            for key in roles_with(Permission.SIGN_RECORDS)
            if site_id in user.grants.get(key, ())
        ]
    return ", ".join(sorted(held))


def asks_code(user: User) -> bool:
    """Whether the user signs with a one-time code beside the password."""
    return bool(second_factor.has_app(user))


def confirmed(*, request: Any, user: User, password: str, code: str) -> Method:
    try:
        confirm(request=request, user=user, password=password, code=code)
    except NotConfirmed as error:
        raise NotTheSigner("not_confirmed", str(error)) from None
    return Method.PASSWORD_AND_CODE if asks_code(user) else Method.PASSWORD
