from django.urls import path

from apps.enrolment.views import approvals, screening

app_name = "enrolment"
APPROVAL = "sites/<str:code>/start-up/<int:pk>/"
SUSPENSION = "sites/<str:code>/start-up/suspensions/<int:pk>/"
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
    path("start-up/", approvals.overview, name="start-up"),
    path("sites/<str:code>/start-up/", approvals.site_start_up, name="site-start-up"),
    path("sites/<str:code>/start-up/new/", approvals.new_approval, name="approval-new"),
    path("sites/<str:code>/start-up/waive/", approvals.new_waiver, name="approval-waive"),
    path(APPROVAL, approvals.approval, name="approval"),
    path(f"{APPROVAL}document/", approvals.document, name="approval-document"),
    path(f"{APPROVAL}change/", approvals.change, name="approval-change"),
    path(f"{APPROVAL}suspend/", approvals.suspend, name="approval-suspend"),
    path(f"{APPROVAL}error/", approvals.in_error, name="approval-error"),
    path(f"{SUSPENSION}lift/", approvals.lift, name="suspension-lift"),
    path(f"{SUSPENSION}error/", approvals.suspension_error, name="suspension-error"),
]
