"""What can be reviewed: every form, and visits, as SQL sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studyportal import protocol
from studyportal.audit.selectors import event_model_of
from studyportal.crf import signing
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import About, CrfSpec

VISIT = "visit"
# The lot of a record, as `protocol.review.lot` draws it.
LOT = (
    "(get_byte(sha256(convert_to('{form}:' || rec.id, 'UTF8')), 0) * 256"
    " + get_byte(sha256(convert_to('{form}:' || rec.id, 'UTF8')), 1)) %% 100"
)


@dataclass(frozen=True)
class Kind:
    """A form, or the visits (spec None). SQL is about `rec`, a row of its table.

    Form keys and names of columns come from the code, never from a request, so they stand in the SQL as they are.
    """

    form: str
    model: Any
    spec: CrfSpec | None

    @property
    def title(self) -> str:
        return _("Visit") if self.spec is None else str(self.spec.title)

    @property
    def table(self) -> str:
        return f'"{self.model._meta.db_table}"'

    @property
    def events(self) -> str:
        return f'"{event_model_of(self.model)._meta.db_table}"'

    @property
    def visit_id(self) -> str:
        """The visit that a row belongs to."""
        if self.spec is None:
            return "rec.id"
        return "rec.visit_id" if "visit" in self.spec.parents else "NULL::bigint"

    @property
    def complete(self) -> str:
        return "rec.status <> 'planned'" if self.spec is None else "rec.status = 'complete'"

    @property
    def asked_fields(self) -> tuple[str, ...]:
        return protocol.current().review.fields_asked(self.form)

    @property
    def newest(self) -> str:
        """The newest entry of a row's history."""
        return f"(SELECT max(e.pgh_id) FROM {self.events} e WHERE e.pgh_obj_id = rec.id)"

    def marks(self, where: str) -> str:
        """The last mark on each field, if it was not taken back, and whether it stands: object_id, field, stands.

        A mark on the whole form falls with any later entry of the history, one on a field with a later entry that holds
        another value, or another reason why there is none; also when the value was changed back since.
        """
        # As of signatures: a later entry of the history, another row of what is signed with it, or no record at all.
        whole = (
            f"EXISTS (SELECT FROM {self.events} e WHERE e.pgh_obj_id = t.object_id AND e.pgh_id > t.history_entry)"
            if self.spec is None
            else signing.changed_later_sql([self.spec])
        )
        return (
            f"SELECT t.object_id, t.field, NOT CASE WHEN t.field = '' THEN {whole} ELSE EXISTS ("
            f"SELECT FROM {self.events} e WHERE e.pgh_obj_id = t.object_id AND e.pgh_id > t.history_entry"
            " AND ((to_jsonb(e) ->> t.field) IS DISTINCT FROM t.value"
            " OR (e.absent ->> t.field) IS DISTINCT FROM t.absent)) END AS stands"
            " FROM (SELECT DISTINCT ON (v.object_id, v.field) v.form, v.object_id, v.field, v.act, v.history_entry,"
            f" v.value, v.absent, v.at AS signed_at FROM review_verification v WHERE v.form = '{self.form}' AND {where}"
            " ORDER BY v.object_id, v.field, v.id DESC) t WHERE t.act = 'verified'"
        )

    @property
    def verified(self) -> str:
        """Whether a row is verified: as a whole, or in every field that the protocol asks."""
        marks = self.marks("v.object_id = rec.id")
        whole = f"EXISTS (SELECT FROM ({marks}) k WHERE k.field = '' AND k.stands)"
        if not self.asked_fields:
            return whole
        names = ", ".join(f"'{name}'" for name in self.asked_fields)
        return (
            f"({whole} OR (SELECT count(*) FROM ({marks}) k WHERE k.stands AND k.field IN ({names}))"
            f" = {len(self.asked_fields)})"
        )

    @property
    def signed(self) -> str:
        """Whether a row bears a signature that stands."""
        if self.spec is None:
            return "false"
        return (
            f"EXISTS (SELECT FROM signatures_signature t WHERE t.form = '{self.form}' AND t.object_id = rec.id"
            f" AND NOT {signing.changed_later_sql([self.spec])})"
        )

    @property
    def locked(self) -> str:
        return (
            f"coalesce((SELECT l.act FROM review_lock l WHERE l.form = '{self.form}' AND l.object_id = rec.id"
            " AND l.act IN ('locked', 'unlocked') ORDER BY l.id DESC LIMIT 1) = 'locked', false)"
        )

    @property
    def asks_verification(self) -> str:
        """Whether the protocol asks that a row is verified."""
        rule = protocol.current().review.verification
        outside = bool(rule.forms) and self.form not in rule.forms
        if self.spec is None or outside or rule.verify == "none":
            return "false"
        if rule.verify == "percent":
            return f"{LOT.format(form=self.form)} < {int(rule.percent)}"
        if rule.verify == "critical_fields":
            return "true" if self.form in rule.critical_fields else "false"
        return "true"

    @property
    def asks_signature(self) -> bool:
        return protocol.current().review.asks_signature(self.form)

    @property
    def queried(self) -> str:
        """Whether a query on a row is not closed."""
        return (
            f"EXISTS (SELECT FROM queries_query q WHERE q.form = '{self.form}' AND q.object_id = rec.id"
            " AND q.state <> 'closed')"
        )


def visit_model() -> Any:
    """The model that forms of visits belong to; None in a portal without any."""
    return next(
        (
            spec.model._meta.get_field("visit").related_model
            for spec in all_specs()
            if "visit" in spec.parents
        ),
        None,
    )


def kinds(forms: Iterable[str] | None = None) -> dict[str, Kind]:
    """form → its kind, in the order in which forms are declared, visits last. A form that is no more is left out."""
    found = {spec.key: Kind(spec.key, spec.model, spec) for spec in all_specs()}
    if (visits := visit_model()) is not None:
        found[VISIT] = Kind(VISIT, visits, None)
    if forms is None:
        return found
    wanted = set(forms)
    return {form: kind for form, kind in found.items() if form in wanted}


def is_of_safety(spec: CrfSpec, record: Any) -> bool:
    """Whether a freeze lets the record through: what happens to people is never held up by a closed database."""
    if spec.about is About.ALWAYS:
        return True
    if spec.always_when is None:
        return False
    name, code = spec.always_when
    return getattr(record, name) == code
