"""The calendar of visits: the month, the load of the weeks, the feed for calendar programs, the reminders by mail.

All of them tell what `visits.selectors.due_between` tells; none of them computes a date of its own.
"""
