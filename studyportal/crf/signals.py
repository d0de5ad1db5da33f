"""What other apps may listen to. Sent inside the transaction of the save."""

from django.dispatch import Signal

# sender: the model; record, spec, created: bool, by
record_saved = Signal()
