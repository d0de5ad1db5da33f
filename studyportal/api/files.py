"""Content negotiation of endpoints that answer with a file."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.renderers import BaseRenderer


class CsvRenderer(BaseRenderer):
    """Lets `Accept: text/csv` through. Files are answered by the view itself; a problem stays JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return json.dumps(data, default=str, ensure_ascii=False).encode()
