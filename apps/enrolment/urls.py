from django.urls import path

from apps.enrolment.views import approvals

app_name = "enrolment"
APPROVAL = "sites/<str:code>/start-up/<int:pk>/"
SUSPENSION = "sites/<str:code>/start-up/suspensions/<int:pk>/"
urlpatterns = [
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
