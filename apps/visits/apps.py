from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "apps.visits"
    label = "visits"

    def ready(self) -> None:
        from apps.visits import receivers  # noqa: F401 (connects them)
        from apps.visits.models import Visit
        from studyportal.bulk import parents

        parents.register(
            parents.Reader(
                Visit,
                names=_names_of_visit,
                help=_("The visit by its key in the protocol, an unscheduled one with its number: UNS 2."),
                example="month_6",
            )
        )
        from apps.visits.crfs.gates import not_while_pregnant
        from studyportal.crf import gates

        gates.register(not_while_pregnant)


def _names_of_visit(visit: Any) -> Iterator[str]:
    """Its key, with the number where there are several; and as the protocol calls it."""
    yield str(visit)
    yield f"{visit.key} {visit.number}"
    yield visit.label
