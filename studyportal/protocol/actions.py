"""Registering the protocol's version."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from .models import ProtocolVersion
from .schema import Protocol


class VersionTaken(Exception):
    """The version number was registered before with another text."""


def register_version(protocol: Protocol) -> tuple[ProtocolVersion, bool]:
    """Keep the protocol's text and hash: (version, whether it is new). Registering it again changes nothing.

    Raises VersionTaken when the same version number was registered with another text.
    """
    try:
        with transaction.atomic():
            return ProtocolVersion.objects.get_or_create(
                sha256=protocol.sha256,
                defaults={"key": protocol.study.key, "version": protocol.version, "text": protocol.text},
            )
    except IntegrityError:
        known = ProtocolVersion.objects.get(key=protocol.study.key, version=protocol.version)
        raise VersionTaken(
            f"Version {protocol.version} of {protocol.study.key} was registered on {known.loaded_at:%Y-%m-%d} with the hash"
            f" {known.sha256[:12]}…, and the file now has {protocol.sha256[:12]}…: raise the version"
            f" (`study: version:` in {protocol.path}) and load again."
        ) from None
