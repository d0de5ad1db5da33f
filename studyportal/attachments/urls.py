from django.urls import path

from studyportal.attachments import views

app_name = "attachments"
urlpatterns = [
    path("attachments/", views.index, name="list"),
    path("attachments/<int:pk>/file/", views.file, name="file"),
    path("attachments/<int:pk>/thumbnail/", views.thumbnail, name="thumbnail"),
    path("attachments/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("attachments/of/<str:form>/<int:pk>/", views.of_record, name="record"),
]
