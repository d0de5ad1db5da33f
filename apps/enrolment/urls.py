from django.urls import path

from apps.enrolment.views import screening

app_name = "enrolment"
urlpatterns = [
    path("screening/", screening.log, name="screening"),
    path("screening/log.csv", screening.log_csv, name="screening-csv"),
    path("screening/new/", screening.new, name="screening-new"),
    path("screening/<str:number>/", screening.entry, name="screening-entry"),
    path("screening/<str:number>/change/", screening.change, name="screening-change"),
    path("screening/<str:number>/eligibility/", screening.answer, name="screening-answer"),
    path("screening/<str:number>/verdict/", screening.verdict, name="screening-verdict"),
    path("screening/<str:number>/override/<slug:criterion>/", screening.override, name="screening-override"),
    path("screening/<str:number>/conclude/", screening.conclude, name="screening-conclude"),
    path("screening/<str:number>/reopen/", screening.reopen, name="screening-reopen"),
    path("screening/<str:number>/register/", screening.register, name="screening-register"),
    path("screening/<str:number>/enrol/", screening.enrol, name="screening-enrol"),
]
