"""What consent asks of the apps above it, which know what was done to a participant."""

from django.dispatch import Signal

# participant_ids: collection of ids. A receiver answers with {participant id: [findings.Procedure, …]};
# one query for all of them. `apps.consent.selectors.Procedure` is the class to build.
procedures_asked = Signal()

# participant_ids: collection of ids. A receiver answers with {participant id: [(session number, planned day), …]} of the
# sessions that are not done; the day is a PartialDate, None when it is not known.
sessions_asked = Signal()

# Sent inside the transaction of the entry. event: ConsentEvent, by: User.
consent_recorded = Signal()
