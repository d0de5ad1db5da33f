"""What the apps above enrolment may listen to. Sent inside the transaction of the change."""

from django.dispatch import Signal

# participant: Participant, created: bool, changed: names of the fields that changed, by: User
participant_saved = Signal()
