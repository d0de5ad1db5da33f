from tests.cast import api, cast, page

__all__ = ["api", "cast", "page"]
