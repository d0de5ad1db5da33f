"""`/api/v1/sessions/` and `/api/v1/products/`: the two things that are more than their form.

Every form of a session is also at `/api/v1/forms/<key>/`; these endpoints add what is derived from all of them: the
state of a product, its expiry, its evaluations."""

from django.urls import path

from apps.celldose.api import bedside
from apps.celldose.api.custody import Custody, DonationNumbers, Labels, NearMisses
from apps.celldose.api.products import (
    ProductDetail,
    ProductFilters,
    Products,
    ProductSerializer,
    ProductView,
    product_json,
)
from apps.celldose.api.readings import Readings
from apps.celldose.api.release import CriterionSerializer, Evaluations, EvaluationSerializer, ReleaseOfProduct
from apps.celldose.api.sessions import (
    WRITES,
    ProductInSession,
    SessionDetail,
    SessionFilters,
    Sessions,
    SessionSerializer,
    SessionView,
    refuse_unknown,
    session_json,
)

api_urls = [
    path("sessions/", Sessions.as_view(), name="sessions"),
    path("sessions/<int:pk>/", SessionDetail.as_view(), name="session"),
    path("products/", Products.as_view(), name="products"),
    path("products/<int:pk>/", ProductDetail.as_view(), name="product"),
    path("products/<int:pk>/readings/", Readings.as_view(), name="product-readings"),
    path("products/<int:pk>/custody/", Custody.as_view(), name="product-custody"),
    path("products/<int:pk>/labels/", Labels.as_view(), name="product-labels"),
    path("donation-numbers/", DonationNumbers.as_view(), name="donation-numbers"),
    path("near-misses/", NearMisses.as_view(), name="near-misses"),
    path("products/<int:pk>/evaluations/", Evaluations.as_view(), name="product-evaluations"),
    path("products/<int:pk>/release/", ReleaseOfProduct.as_view(), name="product-release"),
    path("products/<int:pk>/infusion/", bedside.Course.as_view(), name="product-infusion"),
    path("products/<int:pk>/infusion/happenings/", bedside.Happenings.as_view(), name="product-happenings"),
    path(
        "products/<int:pk>/infusion/observations/",
        bedside.Observations.as_view(),
        name="product-observations",
    ),
    path("products/<int:pk>/infusion/stop/", bedside.Stop.as_view(), name="product-infusion-stop"),
]

__all__ = [
    "WRITES",
    "CriterionSerializer",
    "EvaluationSerializer",
    "Evaluations",
    "ProductDetail",
    "ProductFilters",
    "ProductInSession",
    "ProductSerializer",
    "ProductView",
    "Products",
    "ReleaseOfProduct",
    "SessionDetail",
    "SessionFilters",
    "SessionSerializer",
    "SessionView",
    "Sessions",
    "api_urls",
    "product_json",
    "refuse_unknown",
    "session_json",
]
