"""What other apps may listen to."""

from django.dispatch import Signal

# Sent inside the transaction of the save. sender: the model; record, spec, created: bool, by
record_saved = Signal()

# A save was refused (Refused, or a parent of another participant): sent when what it wrote is rolled back, so that a
# receiver's own writes stay (`afterwards`). sender: the model; spec, record (as it would have been: not saved), problems,
# by
record_refused = Signal()
