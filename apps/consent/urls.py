from django.urls import path

from apps.consent.views import choices, entries, person, sheets, signing, transcribing, withdrawal

app_name = "consent"
PERSON = "participants/<str:code>/consent/"
ENTRY = f"{PERSON}entries/<int:pk>/"
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
]
