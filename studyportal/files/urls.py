from django.urls import path

from studyportal.files import views

app_name = "files"
urlpatterns = [
    path("delegations/documents/", views.documents, name="documents"),
    path("delegations/documents/new/", views.new_document, name="document-new"),
    path("delegations/documents/<int:pk>/", views.document, name="document"),
]
