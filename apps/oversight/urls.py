from django.urls import path

from apps.oversight import findings_views, integrity_views, log_views, views

app_name = "oversight"
urlpatterns = [
    path("oversight/", findings_views.findings, name="findings"),
    path("oversight/<int:number>/", findings_views.finding, name="finding"),
    path("oversight/participants/", findings_views.participants, name="participants"),
    path("oversight/participants/<str:code>/", findings_views.participant, name="participant"),
    path("oversight/findings.csv", findings_views.findings_csv, name="findings-csv"),
    path("oversight/consent-log/", log_views.consent_log, name="consent-log"),
    path("oversight/consent-log/<int:pk>/", log_views.consent_entry, name="consent-entry"),
    path("oversight/consent-log/print/", log_views.consent_log_print, name="consent-log-print"),
    path("oversight/consent-log/pdf/", log_views.consent_log_make_pdf, name="consent-log-make-pdf"),
    path(
        "oversight/consent-log/pdf/<int:job_id>/", log_views.consent_log_made_pdf, name="consent-log-made-pdf"
    ),
    path("oversight/consent-log.csv", log_views.consent_log_csv, name="consent-log-csv"),
    path("oversight/consent-log.jsonl", log_views.consent_log_jsonl, name="consent-log-jsonl"),
    path("oversight/consent-log.pdf", log_views.consent_log_pdf, name="consent-log-pdf"),
    path("oversight/consent/<str:code>/", log_views.consent_story, name="consent-story"),
    path("oversight/integrity/", integrity_views.integrity, name="integrity"),
    path("oversight/integrity/verify/", integrity_views.verify, name="integrity-verify"),
    path(
        "oversight/integrity/checkpoints/<int:pk>/", integrity_views.checkpoint, name="integrity-checkpoint"
    ),
    path("oversight/audit-trail/", views.audit_trail, name="audit-trail"),
    path("oversight/audit-trail.csv", views.audit_trail_csv, name="audit-trail-csv"),
    path("oversight/audit-trail/field/", views.field_history, name="field-history"),
    path("oversight/views/", views.looked_at, name="views"),
    path("oversight/views.csv", views.looked_at_csv, name="views-csv"),
]
