from django.urls import path

from studyportal.queries import views

app_name = "queries"
urlpatterns = [
    path("queries/", views.board, name="board"),
    path("queries/counts/", views.counts, name="counts"),
    path("queries/list.csv", views.as_csv, name="csv"),
    path("queries/close/", views.close_many, name="close-many"),
    path("queries/<int:pk>/", views.query, name="query"),
    path("queries/<int:pk>/answer/", views.answer, name="answer"),
    path("queries/<int:pk>/close/", views.close, name="close"),
    path("queries/<int:pk>/reopen/", views.reopen, name="reopen"),
    path("queries/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("queries/<int:pk>/assign/", views.assign, name="assign"),
    path("participants/<str:code>/queries/new/", views.new, name="new"),
]
