"""The gallery. Declared with its permission where it is mounted (config/urls.py)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studyportal.ui.gallery import samples


def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return render(request, "ui/gallery.html", samples())
