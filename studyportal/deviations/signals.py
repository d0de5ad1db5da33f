"""What deviations ask the apps above."""

from django.dispatch import Signal

# participant=, texts= {field: words}, by=. Receivers answer with the names of the fields whose words name the person:
# deviations are read by people who must not know who a participant is.
names_asked = Signal()
