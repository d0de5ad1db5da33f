"""Reading what the delegation log rests on."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from studyportal.access.models import Site, User
from studyportal.files.models import DelegationDocument, DocumentKind


def training_during(user: User, site: Site | int, first: dt.date, last: dt.date) -> DelegationDocument | None:
    """The certificate of training for this study that the person held at the site on every day between the two; the
    newest of several, without the bytes of its file. None: no single one covers them all."""
    return (
        DelegationDocument.objects.filter(
            Q(site_id=site.pk if isinstance(site, Site) else site) | Q(site__isnull=True),
            Q(valid_until__isnull=True) | Q(valid_until__gte=last),
            user=user,
            kind=DocumentKind.TRAINING,
            valid_from__lte=first,
        )
        .order_by("-id")
        .first()
    )
