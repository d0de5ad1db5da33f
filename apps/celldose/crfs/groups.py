"""Whom the forms of a session are for."""

from __future__ import annotations

TREATED = ("case",)
