"""The life of a cell product and what bars each of its steps. Pure: no Django, no ORM.

`states`: the life as a fold; `order`: what must come before a step of the laboratory; `releasing`: what bars a decision,
and why a product stands in quarantine; `infusing`: what bars an infusion.
"""

from apps.celldose.lifecycle.infusing import Identity, InfusionFacts, identity_bars, infusion_bars
from apps.celldose.lifecycle.order import REQUIRES, order_bars
from apps.celldose.lifecycle.releasing import (
    LETS_INFUSE,
    SAYS,
    QuarantineFacts,
    ReleaseFacts,
    evaluation_bars,
    quarantine,
    release_bars,
)
from apps.celldose.lifecycle.states import FINAL, NEXT, Happening, Life, State, follow, live

__all__ = [
    "FINAL",
    "LETS_INFUSE",
    "NEXT",
    "REQUIRES",
    "SAYS",
    "Happening",
    "Identity",
    "InfusionFacts",
    "Life",
    "QuarantineFacts",
    "ReleaseFacts",
    "State",
    "evaluation_bars",
    "follow",
    "identity_bars",
    "infusion_bars",
    "live",
    "order_bars",
    "quarantine",
    "release_bars",
]
