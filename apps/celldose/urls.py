"""Addresses of the cell therapy pages. Each topic adds its lines in its own list."""

from django.urls import path

from apps.celldose.views import bedside, custody, labels, product, release, session

app_name = "celldose"

of_sessions = [
    path("participants/<str:code>/sessions/plan/", session.plan, name="plan"),
    path("participants/<str:code>/sessions/<int:number>/", session.session, name="session"),
]

of_products = [
    path("products/", product.products, name="products"),
    path("products/<int:pk>/", product.product, name="product"),
    path("products/<int:pk>/sheet/", product.sheet, name="sheet"),
    path("products/<int:pk>/sheet.pdf", product.sheet_as_pdf, name="sheet-pdf"),
]

of_custody = [
    path("products/<int:pk>/identity/<str:step>/", custody.identity, name="identity"),
    path("harvests/<int:pk>/product/", custody.new_product, name="product-new"),
    path("products/<int:pk>/labels/", labels.labels, name="labels"),
]

of_release = [
    path("products/waiting/", release.waiting, name="waiting"),
    path("products/<int:pk>/evaluate/", release.evaluate, name="evaluate"),
    path("products/<int:pk>/release/", release.release, name="release"),
]

of_bedside = [
    path("products/<int:pk>/infusion/", bedside.infusion, name="infusion"),
    path("products/<int:pk>/infusion/now/", bedside.now, name="infusion-now"),
]

urlpatterns = [
    *of_sessions,
    *of_products,
    *of_custody,
    *of_release,
    *of_bedside,
]
