"""The sign-in page as a person meets it: its fields are read from the page, whatever they are called."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

PASSWORD = "correct horse battery staple"
SIGN_IN = "/sign-in/"


def with_password(user: Any) -> Any:
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> Any:
    """Fill in the page's own form and send it."""
    page = client.get(SIGN_IN, more or None)
    text = page.content.decode()
    form = next(
        found for found in re.findall(r"<form[^>]*>.*?</form>", text, re.DOTALL) if 'type="password"' in found
    )
    fields: dict[str, str] = {}
    for control in re.findall(r"<input[^>]*>", form):
        name = re.search(r'\bname="([^"]+)"', control)
        kind = re.search(r'\btype="([^"]+)"', control)
        value = re.search(r'\bvalue="([^"]*)"', control)
        if name is None or (kind and kind[1] == "checkbox"):
            continue
        if kind and kind[1] == "password":
            fields[name[1]] = password
        elif kind and kind[1] == "hidden":
            fields[name[1]] = value[1] if value else ""
        else:
            fields[name[1]] = username
    action = re.search(r'<form[^>]*\baction="([^"]*)"', form)
    return client.post((action and action[1]) or SIGN_IN, {**fields, **more})
