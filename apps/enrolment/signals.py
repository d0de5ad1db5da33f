"""What the apps above enrolment may listen to. Sent inside the transaction of the change."""

from django.dispatch import Signal

# participant: Participant, created: bool, changed: names of the fields that changed, by: User
participant_saved = Signal()

# record: EndOfStudy. A receiver answers with [Finding, …]: what its own app holds against this end, such as a visit
# that is missing. It has the end of study checked again (crf.actions.rederive) when that changes.
end_of_study_asked = Signal()
