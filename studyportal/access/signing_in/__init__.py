"""Signing in: password, second factor, sessions and their end, what must be done first. On django-allauth and axes."""
