"""Pages by cursor: the cost of a page does not grow with its depth."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination as DrfCursorPagination


class CursorPagination(DrfCursorPagination):
    """`?cursor=…&limit=50`, in order of entry, at most 500 rows a page."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
