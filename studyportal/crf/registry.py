"""All forms of the study, in the order in which their apps declare them."""

from __future__ import annotations

from studyportal.crf.models import CrfRecord
from studyportal.crf.spec import CrfSpec

_specs: dict[str, CrfSpec] = {}


class UnknownForm(LookupError):
    """There is no form with this key."""


def register(spec: CrfSpec) -> CrfSpec:
    known = _specs.get(spec.key)
    if known is not None and known.model is not spec.model:
        raise ValueError(
            f"two forms have the key {spec.key}: {known.model.__name__} and {spec.model.__name__}"
        )
    _specs[spec.key] = spec
    return spec


def get(key: str) -> CrfSpec:
    try:
        return _specs[key]
    except KeyError:
        raise UnknownForm(f"There is no form {key}. Forms: {', '.join(_specs)}.") from None


def all_specs() -> tuple[CrfSpec, ...]:
    return tuple(_specs.values())


def spec_for(model: type[CrfRecord]) -> CrfSpec:
    for spec in _specs.values():
        if spec.model is model:
            return spec
    raise UnknownForm(f"{model.__name__} has no registered form.")
