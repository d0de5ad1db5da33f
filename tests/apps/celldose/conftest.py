"""A treated participant with consent, and a journey that takes a product from harvest to infusion."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory

from apps.celldose import actions, crfs, product_file
from apps.celldose.models import CellProduct, CellSession
from apps.consent.actions import record_event
from apps.enrolment.actions import register
from apps.enrolment.crfs import DEMOGRAPHICS
from apps.enrolment.models import Participant
from apps.visits import actions as visits
from apps.visits.crfs import VITAL_SIGNS
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf import signing
from tests.apps.celldose.readings import verify
from tests.apps.enrolment.factories import enrolled
from tests.cast import Cast

DAY = dt.date(2025, 3, 10)
ZONE = ZoneInfo("Asia/Kolkata")
PASSWORD = "a long enough password"


def at(hour: int, minute: int = 0, *, days: int = 0) -> str:
    """A moment of the day of session 1, in Mumbai."""
    return (
        dt.datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=ZONE)
        .__add__(dt.timedelta(days=days))
        .isoformat()
    )


def save(spec: Any, by: User, parents: Any = None, participant: Any = None, **values: Any) -> Any:
    """Save a form: what is not given is absent, not recorded."""
    more = {name: values.pop(name) for name in ("record", "reason", "complete") if name in values}
    if "record" not in more:
        given = values.pop("absent", {})
        values["absent"] = {n: "not_recorded" for n in spec.entered_fields if values.get(n) is None} | given
    return crf.save(spec, raw=values, by=by, parents=parents, participant=participant, **more)


def request_of(user: User) -> Any:
    """A request of the signed-in person, who has the password `PASSWORD`."""
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
    request = RequestFactory().post("/")
    request.user = user
    return request


def sign(record: Any, by: User) -> Any:
    """Sign the decision of a release as it stands now."""
    return signing.sign(
        crfs.RELEASE,
        record=record,
        meaning="released",
        by=by,
        request=request_of(by),
        password=PASSWORD,
        version_seen=record.version,
    )


def treated(by: User, site: Any, **more: Any) -> Participant:
    """A case of the site, 24 years old."""
    participant = enrolled(register(site=site, by=by, group="case", **more), "2025-01-15")
    save(DEMOGRAPHICS, by, participant=participant, sex="female", age_at_enrolment=24, country="IN")
    return participant


def consent(participant: Participant, by: User, **more: Any) -> Any:
    stated = {
        "purposes": ["participation", "procedure"],
        "document_version": "2.1",
        "signed_on": "2025-02-20",
        "age_at_signature": 24,
        "signer": "participant",
    } | more
    return record_event(participant=participant, kind="consent", by=by, **stated)


@dataclass
class Journey:
    """The records of one participant's session, made one after the other; `upto` makes those before as well."""

    participant: Participant
    asha: User
    rao: User
    session: CellSession | None = None
    made: dict[str, Any] = field(default_factory=dict)

    STEPS = (
        "harvest",
        "product",
        "collection",
        "hand_over",
        "receipt",
        "processing",
        "counts",
        "viability",
        "microbiology",
        "evaluation",
        "release",
        "issue",
        "bedside",
        "infusion",
    )

    def open(self, **more: Any) -> CellSession:
        self.session = actions.plan_session(
            participant=self.participant, by=self.asha, **({"performed_on": DAY.isoformat()} | more)
        )
        return self.session

    def upto(self, last: str, **changed: dict[str, Any]) -> Any:
        """Make every step up to and with `last`; changed: step → values that differ from the ordinary."""
        if self.session is None:
            self.open()
        for step in self.STEPS[: self.STEPS.index(last) + 1]:
            if step not in self.made:
                self.made[step] = getattr(self, f"make_{step}")(**changed.get(step, {}))
        return self.made[last]

    @property
    def product(self) -> CellProduct:
        return self.made["product"]  # type: ignore[no-any-return]

    def make_harvest(self, **more: Any) -> Any:
        values = {"tissue": "bone_marrow", "volume_ml": "100", "started_at": at(9), "ended_at": at(10)} | more
        return save(crfs.HARVEST, self.asha, {"session": self.session}, **values)

    def make_product(self, **more: Any) -> Any:
        values = {"product_identifier": "D-001"} | more
        if values["product_identifier"] is None:
            values["absent"] = {"product_identifier": "not_recorded"}
        return actions.create_product(harvest=self.made["harvest"], by=self.asha, **values)

    def _of_product(self, spec: Any, by: User, ordinary: dict[str, Any], more: dict[str, Any]) -> Any:
        return save(spec, by, {"product": self.product}, **(ordinary | more))

    def make_hand_over(self, **more: Any) -> Any:
        return self._of_product(
            crfs.HAND_OVER,
            self.asha,
            {"leg": "to_laboratory", "container": "Box 4", "received_at": at(10, 30)},
            more,
        )

    def make_processing(self, **more: Any) -> Any:
        ordinary = {
            "method": "density_gradient",
            "started_at": at(11),
            "ended_at": at(13),
            "final_volume_ml": "50",
            "storage": "refrigerated",
        }
        return self._of_product(crfs.PROCESSING, self.asha, ordinary, more)

    def make_counts(self, **more: Any) -> Any:
        return self._of_product(
            crfs.CELL_COUNTS, self.asha, {"tnc": "1500", "mnc": "1200", "viable": "1400"}, more
        )

    def make_viability(self, **more: Any) -> Any:
        return self._of_product(
            crfs.VIABILITY, self.asha, {"viability_percent": "92.5", "method": "seven_aad"}, more
        )

    def make_microbiology(self, **more: Any) -> Any:
        ordinary = {
            "sampled_on": DAY.isoformat(),
            "gram_stain": "negative",
            "aerobic": "pending",
            "anaerobic": "pending",
            "fungal": "pending",
            "endotoxin": "<0.5",
        }
        return self._of_product(crfs.MICROBIOLOGY, self.asha, ordinary, more)

    def make_evaluation(self) -> Any:
        return actions.evaluate_release(product=self.product, by=self.rao)

    def make_release(self, *, signed: bool = True, **more: Any) -> Any:
        """The decision, signed by Dr Rao: unsigned it does not count."""
        ordinary: dict[str, Any] = {"decision": "conditional", "released_at": at(14)}
        if more.get("decision") is None:
            ordinary["conditions"] = "Cultures at day 14"
        decided = self._of_product(crfs.RELEASE, self.rao, ordinary, more)
        if signed:
            sign(decided, self.rao)
        return decided

    def _identity(self, step: str, checked_at: str, more: dict[str, Any]) -> Any:
        """Asha and Nikhil read; in a transcribed case the source names two people."""
        if not self.participant.retrospective:
            more = dict(more)
            at_that_time = more.pop("checked_at", checked_at)
            return verify(
                self.product, step, self.asha, User.objects.get(username="nikhil"), at_that_time, **more
            )
        ordinary = {
            "step": step,
            "checked_at": checked_at,
            "first_person": "Asha",
            "second_person": "Nurse Pinto",
            "identifier_read": self.product.product_identifier,
            "participant_code_read": self.participant.code,
        }
        return self._of_product(crfs.IDENTITY_CHECK, self.asha, ordinary, more)

    def make_collection(self, **more: Any) -> Any:
        return self._identity("collection", at(10), more)

    def make_receipt(self, **more: Any) -> Any:
        return self._identity("receipt", at(10, 30), more)

    def make_issue(self, **more: Any) -> Any:
        return self._identity("issue", at(14, 30), more)

    def make_bedside(self, **more: Any) -> Any:
        return self._identity("bedside", at(15), more)

    def make_infusion(self, **more: Any) -> Any:
        ordinary = {
            "route": "intravenous",
            "started_at": at(15, 10),
            "stopped_at": at(15, 55),
            "volume_ml": "50",
            "total_dose": "1000",
        }
        return self._of_product(crfs.INFUSION, self.asha, ordinary, more)


def weigh(
    participant: Participant, by: User, weight: str = "50", on: str = DAY.isoformat(), key: str = "S1"
) -> Any:
    visit = visits.record(participant=participant, key=key, by=by, happened_on=on)
    return save(VITAL_SIGNS, by, {"visit": visit}, weight=weight, height="160")


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Products are looked at on the day of session 1, before they expire; `on_the_day(moment)` looks later."""

    def look(moment: str) -> None:
        monkeypatch.setattr(product_file, "_now", lambda: dt.datetime.fromisoformat(moment))

    look(at(16))
    return look


@pytest.fixture
def journey(cast: Cast) -> Journey:
    """Mumbai's participant with consent and the weight of the day; nothing of the session yet."""
    participant = treated(cast.asha, cast.mumbai)
    consent(participant, cast.asha)
    weigh(participant, cast.asha)
    return Journey(participant, cast.asha, cast.rao)


@pytest.fixture
def transcribed(cast: Cast) -> Journey:
    """A participant out of a paper: no consent, no identifiers, events before the study opened."""
    participant = register(site=cast.mumbai, by=cast.meera, group="case", retrospective=True)
    return Journey(participant, cast.meera, cast.rao)
