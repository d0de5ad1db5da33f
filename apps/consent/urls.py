from django.urls import path

from apps.consent.views import (
    choices,
    documents,
    entries,
    person,
    sheets,
    signing,
    transcribing,
    withdrawal,
)

app_name = "consent"
PERSON = "participants/<str:code>/consent/"
ENTRY = f"{PERSON}entries/<int:pk>/"
DOCUMENT = "consent-documents/<int:pk>/"
TEXT = f"{DOCUMENT}texts/<slug:language>/"
urlpatterns = [
    path(PERSON, person.person, name="participant"),
    path(f"{PERSON}sign/<slug:signature>/", signing.sign, name="sign"),
    path(f"{PERSON}withdraw/", withdrawal.withdraw, name="withdraw"),
    path(f"{PERSON}optional-items/", choices.items, name="items"),
    path(f"{PERSON}dissent/", choices.dissent, name="dissent"),
    path(f"{PERSON}new/", transcribing.new, name="new"),
    path(ENTRY, entries.entry, name="entry"),
    path(f"{ENTRY}correct/", entries.correct, name="entry-correct"),
    path(f"{ENTRY}witness/", entries.witness, name="entry-witness"),
    path(f"{ENTRY}recording/", entries.recording, name="entry-recording"),
    path(f"{ENTRY}copy/", entries.copy, name="entry-copy"),
    path(f"{ENTRY}sheet/", sheets.sheet, name="entry-sheet"),
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
