"""What the apps above visits may listen to. Sent inside the transaction of the change."""

from django.dispatch import Signal

# visit: Visit, created: bool, by: User | None
visit_saved = Signal()
