"""A bare Django application: a form of thirty fields, drawn, validated and inserted as one row; nothing of the portal.

Served by gunicorn as the portal is, on the same database: what the framework itself costs. No session, no rights, no
history, no checks, no draft.
"""

from __future__ import annotations

import json
import os

from django.conf import settings

FIELDS = [f"field_{number}" for number in range(30)]
PAGE = """<!doctype html><html lang="en"><title>Bare</title><form method="post">{% for field in form %}
<div><label for="{{ field.id_for_label }}">{{ field.label }}</label>{{ field }}{{ field.errors }}</div>{% endfor %}
<button>Save</button></form></html>"""

if not settings.configured:
    settings.configure(
        SECRET_KEY="bare",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": json.loads(os.environ.get("BARE_DATABASE", "{}")) | {"CONN_MAX_AGE": None}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"bare.html": PAGE})]},
            }
        ],
    )

from django import forms  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import redirect, render  # noqa: E402
from django.urls import path  # noqa: E402

TABLE = f"""
DROP TABLE IF EXISTS bench_form;
CREATE TABLE bench_form (id bigserial PRIMARY KEY, site_id bigint, participant_id bigint, status text, absent jsonb,
    version int, created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    {", ".join(f"{name} text" for name in FIELDS)});
CREATE INDEX ON bench_form (participant_id);
CREATE INDEX ON bench_form (site_id);
"""


def insert_sql(value: str) -> str:
    """One row; value: the SQL of each of its thirty fields."""
    return (
        f"INSERT INTO bench_form (site_id, participant_id, status, absent, version, {', '.join(FIELDS)})"
        f" VALUES (1, %s, 'complete', '{{}}', 1, {', '.join([value] * len(FIELDS))})"
    )


class BareForm(forms.Form):
    """Thirty texts, each needed."""


for _name in FIELDS:
    BareForm.base_fields[_name] = forms.CharField(max_length=200)


def form_view(request: HttpRequest) -> HttpResponse:
    form = BareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert_sql("%s"), [1, *(form.cleaned_data[name] for name in FIELDS)])
        return redirect("/form/")
    return render(request, "bare.html", {"form": form})


urlpatterns = [path("form/", form_view)]
application = get_wsgi_application()
