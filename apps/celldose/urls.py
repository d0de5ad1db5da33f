"""Addresses of the cell therapy pages. Each topic adds its lines in its own list."""

from django.urls import path

from apps.celldose.views import custody, product, release, session

app_name = "celldose"

of_sessions = [
    path("participants/<str:code>/sessions/plan/", session.plan, name="plan"),
    path("participants/<str:code>/sessions/<int:number>/", session.session, name="session"),
]

of_products = [
    path("products/<int:pk>/", product.product, name="product"),
]

of_custody = [
    path("products/<int:pk>/identity/<str:step>/", custody.identity, name="identity"),
]

of_release = [
    path("products/<int:pk>/evaluate/", release.evaluate, name="evaluate"),
]

of_bedside: list = []  # type: ignore[type-arg]

urlpatterns = [
    *of_sessions,
    *of_products,
    *of_custody,
    *of_release,
    *of_bedside,
]
