"""What every record of a session shares: the page on which it is shown."""

from __future__ import annotations

from typing import Any

from studyportal.crf.models import CrfRecord


class SessionRecord(CrfRecord):
    """A record that belongs to a session, directly or through its harvest, product or infusion."""

    class Meta(CrfRecord.Meta):
        abstract = True

    def at_session(self) -> Any:
        """The session, found through the nearest parent."""
        for name in ("session", "harvest", "product", "infusion"):
            parent = getattr(self, name, None)
            if parent is not None:
                return parent.at_session()
        return self

    @property
    def home_url(self) -> str:
        return str(self.at_session().page_url)
