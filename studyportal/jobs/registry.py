"""The kinds of job, each declared once in an app's tasks.py.

    class Params(BaseModel):
        snapshot: int

    @job("outcomes.compute", title=_("Outcome table"), permission=Permission.RUN_OUTCOMES, params=Params)
    def compute(params: Params, progress: Progress, by: User) -> Result:
        for number, visit in enumerate(visits):
            progress(number, len(visits), visit.label)
        return Result({"rows": len(table)}, write=lambda: {"url": save(table).get_absolute_url()})

A job may be run again from its beginning when its worker dies, so it must change nothing while it works: what it has to
write it returns as `Result.write`, which runs exactly once, in the transaction that marks the job as done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from studyportal.access.permissions import Permission

from .errors import InvalidParams, UnknownKind

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Result:
    """What a job found (`json`) and what remains to be written (`write`: may return more for the result)."""

    json: Mapping[str, Any] = field(default_factory=dict)
    write: Callable[[], Mapping[str, Any] | None] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    title: Any  # text, translated when shown
    permission: Permission
    run: Callable[..., Any]
    params: type[BaseModel] | None
    max_attempts: int

    def validated(self, params: Mapping[str, Any]) -> Any:
        """The parameters as `run` takes them: an instance of the declared model, or the mapping itself."""
        if self.params is None:
            return dict(params)
        try:
            return self.params.model_validate(params)
        except ValidationError as error:
            raise InvalidParams(
                [
                    {
                        "field": ".".join(str(part) for part in detail["loc"]),
                        "code": str(detail["type"]),
                        "message": str(detail["msg"]),
                    }
                    for detail in error.errors(include_url=False)
                ]
            ) from None

    def stored(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON for the job's row. Raises InvalidParams."""
        valid = self.validated(params)
        return valid.model_dump(mode="json") if isinstance(valid, BaseModel) else valid


class Params(BaseModel):
    """Base for parameters: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_kinds: dict[str, Kind] = {}


def job(
    key: str,
    *,
    title: Any,
    permission: Permission,
    params: type[BaseModel] | None = None,
    max_attempts: int = 3,
) -> Callable[[F], F]:
    """Register `fn(params, progress, by) -> Result | mapping | None`. `permission` is asked at start and at run."""

    def register(fn: F) -> F:
        known = _kinds.get(key)
        if known is not None and (known.run.__module__, known.run.__qualname__) != (
            fn.__module__,
            fn.__qualname__,
        ):
            raise ValueError(
                f"The job {key!r} is registered twice: {known.run.__module__} and {fn.__module__}."
            )
        _kinds[key] = Kind(key, title, permission, fn, params, max_attempts)
        return fn

    return register


def get(key: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _kinds[key]
    except KeyError:
        raise UnknownKind(
            f"There is no job {key!r}; known: {', '.join(sorted(_kinds)) or 'none'}. Jobs are declared in tasks.py."
        ) from None


def find(key: str) -> Kind | None:
    return _kinds.get(key)


def all_kinds() -> tuple[Kind, ...]:
    return tuple(_kinds[key] for key in sorted(_kinds))
