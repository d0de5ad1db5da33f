from django.urls import path

from apps.celldose import views

app_name = "celldose"
urlpatterns = [
    path("participants/<str:code>/sessions/plan/", views.plan, name="plan"),
    path("participants/<str:code>/sessions/<int:number>/", views.session, name="session"),
    path("products/<int:pk>/", views.product, name="product"),
    path("products/<int:pk>/evaluate/", views.evaluate, name="evaluate"),
]
