"""Long work: asked for by a person, done by a worker, with progress, result, retry and cancel."""

from .errors import JobError
from .registry import Params, Result, job

__all__ = ["JobError", "Params", "Result", "job"]
