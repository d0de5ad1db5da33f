"""What the pages of sessions and products show: contexts of their templates, and nothing of HTTP.

They read only what a session from `selectors.sessions` or a product from `with_records` has already fetched, and a fixed
number of things beside it. Apps above answer `signals.around_product` with what they know of a product.
"""

from apps.celldose.pages.product import product_page
from apps.celldose.pages.products import products_page
from apps.celldose.pages.session import session_page
from apps.celldose.pages.sheet import sheet_page

__all__ = ["product_page", "products_page", "session_page", "sheet_page"]
