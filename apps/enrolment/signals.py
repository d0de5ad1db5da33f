"""What the apps above enrolment may listen to, and what enrolment asks them. Sent inside the transaction."""

from django.dispatch import Signal

# participant: Participant, created: bool, changed: names of the fields that changed, by: User
participant_saved = Signal()

# record: EndOfStudy. A receiver answers with [Finding, …]: what its own app holds against this end, such as a visit
# that is missing. It has the end of study checked again (crf.actions.rederive) when that changes.
end_of_study_asked = Signal()
# participant_ids: collection of ids. A receiver answers with {participant id: [rules.LifeEvent, …]}: what it knows of
# their lives, in a fixed number of queries for all of them.
life_asked = Signal()

# participant, on: PartialDate. A receiver answers with the problems (crf.outcomes.Problem) that stand in the way of
# enrolling the participant on that day, in words that say how to mend them.
enrolment_asked = Signal()

# participant, index_date: date, matched_case: Participant | None. A receiver answers with problems.
index_date_asked = Signal()

# participant: a case. A receiver answers with its Day 0 (a date), or None when it is not known to the day.
day0_asked = Signal()

# approval: SiteApproval, user: User. A receiver answers with [(label, address, detail), …]: what the approval approved, as
# far as the user may see it.
approved_asked = Signal()
# participant_ids: collection of ids; on: the day for which it is asked, None for today. A receiver answers with
# {participant id: [rules.eligibility.Evidence, …]}: what it knows of the eligibility criteria, in a fixed number of queries. It is shown beside a criterion, never taken for an
# answer.
evidence_asked = Signal()
