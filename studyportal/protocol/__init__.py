"""The protocol is data: one YAML file, typed, immutable, versioned. Imports nothing of the platform."""

from .loader import ProtocolError, current, forget, load, parse
from .schema import Protocol

__all__ = ["Protocol", "ProtocolError", "current", "forget", "load", "parse"]
