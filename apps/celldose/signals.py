"""What other apps may listen to. Sent inside the transaction of the save."""

from django.dispatch import Signal

# A culture (or the Gram stain) turned to growth after the product was released or infused. Sent once for each such
# change, so that a receiver must be idempotent for the product: a second organism is a second signal.
# sender: Microbiology; product: CellProduct; organism: str, "" while it is not named; cultures: tuple[str, ...] of
# "aerobic", "anaerobic", "fungal", "gram_stain" that are positive now; newly: those of them that this save made so, none
# when it named the organism alone; by: User | None, who entered it
grew_late = Signal()

# A reaction is on record: is an adverse event of its product or session as well? The app above answers with their
# number. sender: CellProduct; product: CellProduct
adverse_events_asked = Signal()
# Asked by the page and the sheet of a product: apps above answer with a list of `ui.parts.Block`. The one who answers asks
# the permission, and takes a fixed number of queries.
# product: CellProduct; session: CellSession; user: User
around_product = Signal()
