"""The pages of enrolment, by topic."""
