from django.urls import path

from apps.matching import views

app_name = "matching"
urlpatterns = [
    path("matching/", views.index, name="index"),
    path("matching/start/", views.start, name="start"),
    path("matching/given/", views.given, name="given"),
    path("matching/<int:pk>/", views.run, name="run"),
    path("matching/<int:pk>/differences/", views.differences, name="differences"),
    path("matching/<int:pk>/sets.csv", views.sets_csv, name="sets-csv"),
    path("matching/<int:pk>/balance.png", views.balance_png, name="balance-png"),
    path("matching/<int:pk>/review/", views.review, name="review"),
    path("matching/<int:pk>/return/", views.return_, name="return"),
    path("matching/<int:pk>/freeze/", views.freeze, name="freeze"),
]
