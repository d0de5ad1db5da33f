"""What the casebook gives to scripts: the course of a participant."""

from __future__ import annotations

from apps.casebook import life_api

api_urls = [*life_api.api_urls]
