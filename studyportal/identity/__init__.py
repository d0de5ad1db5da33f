"""Who a participant is: sealed, kept apart from every record, and read by the staff of the own site only."""
