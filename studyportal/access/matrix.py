"""The matrix role × permission, as the portal shows it and as docs/roles.md holds it: both from the one declaration."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override

from studyportal.access.permissions import WRITING, Permission
from studyportal.access.roles import ROLES, Role

FOR_ALL = (Permission.PUBLIC, Permission.SIGNED_IN)


@dataclass(frozen=True)
class Line:
    """One permission; `held`: for each role in order whether it holds it."""

    permission: Permission
    words: str
    writes: bool
    held: tuple[bool, ...]


def roles() -> list[type[Role]]:
    return list(ROLES.values())


def lines() -> list[Line]:
    return [
        Line(
            permission=permission,
            words=str(permission.label),
            writes=permission in WRITING,
            held=tuple(permission in role.permissions for role in roles()),
        )
        for permission in Permission
        if permission not in FOR_ALL
    ]


def where(role: type[Role]) -> str:
    """Where the role may be held, in words."""
    return {
        "site": _("at a site"),
        "study": _("for the whole study"),
        "both": _("at a site or for the whole study"),
    }[role.scope]


def as_markdown() -> str:
    """docs/roles.md."""
    with override("en"):
        head = ["Permission", *(str(role.label) for role in roles())]
        table = [
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            *(
                f"| {line.words} (`{line.permission.value}`){' ✎' if line.writes else ''} | "
                + " | ".join("yes" if held else "" for held in line.held)
                + " |"
                for line in lines()
            ),
        ]
        described = [f"- **{role.label}** is held {where(role)}. {role.purpose}" for role in roles()]
        return "\n".join(
            [
                "# Roles",
                "",
                "Written by `manage.py write_roles` from `studyportal/access/roles.py`; a test holds the two equal."
                " The portal shows the same at `/access/roles/`.",
                "",
                *described,
                "",
                "A person may hold several roles, each at its own sites and for its own time. What identifies a"
                " participant is never held for the whole study. ✎ changes data: a read-only token does without.",
                "",
                *table,
                "",
            ]
        )
