"""Database constraints as field errors: the database decides, and says it in the form's words."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem


def problem_of(error: IntegrityError, model: type[models.Model]) -> Problem:
    """The problem that a violated constraint of the model stands for."""
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    for constraint in model._meta.constraints:
        if constraint.name == name:
            fields = [f for f in getattr(constraint, "fields", ()) if f not in ("participant", "site")]
            code = "unique" if isinstance(constraint, models.UniqueConstraint) else "constraint"
            return Problem(
                fields[0] if len(fields) == 1 else None, code, str(constraint.violation_error_message)
            )
    for field in model._meta.concrete_fields:
        if field.unique and field.column in name:
            return Problem(field.name, "unique", _("There is already one with this %s.") % field.verbose_name)
    raise error
