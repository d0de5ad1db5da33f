"""An import for every form, made from its declaration: `form-<key>`, for the kernel of imports."""

from __future__ import annotations

from studyportal.crf.spec import CrfSpec
from studyportal.imports.registry import Importer


def key_of(spec: CrfSpec) -> str:
    """The key of the import of a form, in addresses: /imports/form-vital-signs/."""
    return f"form-{spec.key}"


def importer_of(spec: CrfSpec) -> Importer:
    """Columns: participant, the parents, `row` for repeating forms, each field with `_absent` and `_unit`, complete."""
    raise NotImplementedError
