"""`manage.py check`: the key of checkpoints has the shape of a key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from apps.consent import chain_keys


@register()
def key_is_a_key(**kwargs: Any) -> list[CheckMessage]:
    others = (settings.SECRET_KEY or "", *settings.IDENTITY_KEYS, settings.IDENTITY_INDEX_KEY)
    found: list[CheckMessage] = [
        Error(said, id="consent.E001")
        for said in chain_keys.faults(settings.CHECKPOINT_KEYS, other_secrets=others)
    ]
    if settings.CHECKPOINT_RECIPIENTS and not settings.MAIL_IS_SET_UP:
        found.append(
            Warning(
                "CHECKPOINT_RECIPIENTS names people, and EMAIL_URL no server: checkpoints are not mailed.",
                id="consent.W001",
            )
        )
    return found
