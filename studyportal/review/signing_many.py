"""Signing many records with one password: each record gets a signature of its own, on its own content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import signing
from studyportal.crf.errors import CrfInvalid, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.review.kinds import kinds
from studyportal.signatures.actions import confirmed
from studyportal.signatures.errors import NotPermitted, NotSigned
from studyportal.signatures.models import Meaning, Signature

AT_ONCE = 50


@dataclass(frozen=True)
class Seen:
    """A record as the signer saw it in the list: its version and the SHA-256 of its content."""

    form: str
    id: int
    version: int
    sha256: str = ""

    @classmethod
    def parse(cls, text: str) -> Seen | None:
        """`form:id:version:sha256`, as the list sends it; None for anything else."""
        parts = text.split(":")
        if len(parts) != 4 or not all(
            one.isascii() and one.isdigit() and len(one) < 19 for one in parts[1:3]
        ):
            return None
        return cls(parts[0], int(parts[1]), int(parts[2]), parts[3])


@dataclass
class SignedMany:
    signed: list[Signature] = field(default_factory=list)
    # (the title of its form, what was seen, why it is not signed)
    refused: list[tuple[str, Seen, str]] = field(default_factory=list)


def sign_many(
    seen: Sequence[Seen], *, meaning: str, by: User, request: Any, password: str = "", code: str = ""
) -> SignedMany:
    """Confirm the signer once, then sign each record as it was seen; one that cannot be signed says why, and the others are.

    Raises CrfInvalid for an empty or too long list, NotSigned for an unknown meaning, NotTheSigner for a wrong password.
    """
    if not seen or len(seen) > AT_ONCE:
        words = _("Choose at least one record.") if not seen else _("At most %d records at once.") % AT_ONCE
        raise CrfInvalid([Problem("records", "required" if not seen else "too_many", words)])
    if meaning not in Meaning.values:
        raise NotSigned("meaning", _("Say what the signature means: %s.") % ", ".join(Meaning.values))
    if not by.may(Permission.SIGN_RECORDS):
        raise NotPermitted("permission", _("Your roles do not allow you to sign records."))
    method = confirmed(request=request, user=by, password=password, code=code)
    known = kinds(one.form for one in seen)
    result = SignedMany()
    for one in dict.fromkeys(seen):
        kind = known.get(one.form)
        record = (
            None
            if kind is None or kind.spec is None
            else kind.model._default_manager.visible_to(by, Permission.SIGN_RECORDS).filter(pk=one.id).first()
        )
        if kind is None or kind.spec is None or record is None:
            result.refused.append((one.form, one, _("There is no such record.")))
            continue
        try:
            with transaction.atomic():
                given = signing.sign(
                    kind.spec,
                    record=record,
                    meaning=meaning,
                    by=by,
                    request=request,
                    method=method,
                    version_seen=one.version,
                    sha256_seen=one.sha256,
                )
        except StaleVersion:
            result.refused.append(
                (kind.title, one, _("It changed since you saw it. Read it again, then sign it."))
            )
        except NotSigned as error:
            result.refused.append((kind.title, one, str(error)))
        else:
            result.signed.append(given)
    return result
