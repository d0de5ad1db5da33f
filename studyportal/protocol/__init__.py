"""The protocol is data: one YAML file, typed, immutable, versioned. Imports nothing of the platform."""

from .loader import ProtocolError, current, forget, load, parse
from .schema import Protocol
from .versions import UnknownVersion, at, in_force, known, of, version, version_takes_over_all, visit_of

__all__ = [
    "Protocol",
    "ProtocolError",
    "UnknownVersion",
    "at",
    "current",
    "forget",
    "in_force",
    "known",
    "load",
    "of",
    "parse",
    "version",
    "version_takes_over_all",
    "visit_of",
]
