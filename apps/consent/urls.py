from django.urls import path

from apps.consent.views import documents

app_name = "consent"
DOCUMENT = "consent-documents/<int:pk>/"
TEXT = f"{DOCUMENT}texts/<slug:language>/"
urlpatterns = [
    path("consent-documents/", documents.overview, name="documents"),
    path("consent-documents/new/", documents.new, name="document-new"),
    path(DOCUMENT, documents.one, name="document"),
    path(f"{DOCUMENT}change/", documents.change, name="document-change"),
    path(f"{DOCUMENT}approve/", documents.approve, name="document-approve"),
    path(f"{DOCUMENT}withdraw/", documents.withdraw, name="document-withdraw"),
    path(f"{DOCUMENT}discard/", documents.discard, name="document-discard"),
    path(TEXT, documents.read, name="document-text"),
    path(f"{TEXT}file/", documents.file, name="document-file"),
    path(f"{TEXT}compare/", documents.compare, name="document-compare"),
    path(f"{TEXT}write/", documents.write, name="document-write"),
    path(f"{TEXT}remove/", documents.remove, name="document-remove"),
]
