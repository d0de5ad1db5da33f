"""Every participant has an entry in the screening log, and every group its event: those of before get theirs."""

from django.db import migrations

from studyportal.access import walls
from studyportal.audit import acting


def entries_of_before(apps, schema_editor):
    Participant = apps.get_model("enrolment", "Participant")
    ScreeningEntry = apps.get_model("enrolment", "ScreeningEntry")
    GroupEvent = apps.get_model("enrolment", "GroupEvent")
    CodeSequence = apps.get_model("enrolment", "CodeSequence")
    with walls.whole_study(), acting(source="command", reason="Entries of the time before the screening log"):
        last = {}
        for participant in Participant.objects.select_related("site").order_by("id").iterator():
            site = participant.site
            last[site.pk] = number = last.get(site.pk, 0) + 1
            enrolled = participant.enrolled_on
            ScreeningEntry.objects.create(
                site=site,
                number=f"{site.code}-S{number:04d}",
                participant=participant,
                # When somebody was screened was not kept; what is unknown is not dated.
                screened_on=None,
                retrospective=True,
                synthetic=participant.synthetic,
                outcome="open" if enrolled is None else "enrolled",
                outcome_on=enrolled,
                note="Registered before there was a screening log",
            )
            if participant.group != "unassigned":
                GroupEvent.objects.create(
                    site=site,
                    participant=participant,
                    kind="assigned",
                    group=participant.group,
                    previous_group="unassigned",
                    effective_on=enrolled,
                    reason="Assigned before changes of group were events",
                )
        for site_id, number in last.items():
            CodeSequence.objects.filter(site_id=site_id).update(last_screened=number)


class Migration(migrations.Migration):
    dependencies = [("enrolment", "0002_screening_groups_status")]

    operations = [migrations.RunPython(entries_of_before, migrations.RunPython.noop)]
