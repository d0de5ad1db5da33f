"""Every write of matched sets."""

from apps.matching.actions.freezing import freeze
from apps.matching.actions.proposing import propose, propose_given, start
from apps.matching.actions.reviewing import return_, review

__all__ = ["freeze", "propose", "propose_given", "return_", "review", "start"]
