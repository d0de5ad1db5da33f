"""How the attacks are sent: every address, every write of the API with a body that would be taken, and what came back."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from drf_spectacular.generators import SchemaGenerator

from studyportal.crf.registry import all_specs
from tests.contracts.test_urls import ADDRESSES, Address
from tests.security.worlds import Held, Worlds

FORMS = {spec.key: spec for spec in all_specs()}
CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Answer:
    """What came back; an exception that reached the test client counts as 500."""

    status: int
    text: str
    headers: Any

    @property
    def refused(self) -> bool:
        return 400 <= self.status < 500

    def __str__(self) -> str:
        return f"{self.status} {self.text[:300]}"


def send(client: Any, method: str, url: str, data: Any = None, **more: Any) -> Answer:
    """Send, inside a savepoint so that one failure does not hide the next."""
    try:
        with transaction.atomic():
            given = (
                getattr(client, method)(url, data, **more)
                if data is not None
                else getattr(client, method)(url, **more)
            )
            body = b"".join(given.streaming_content) if getattr(given, "streaming", False) else given.content
            return Answer(given.status_code, body.decode("utf-8", "replace"), given)
    except Exception as error:  # told as what a caller would have met
        return Answer(500, f"{type(error).__name__}: {error}", {})


# --- Addresses -------------------------------------------------------------------------------------------


def parameters(address: Address) -> list[tuple[str, str]]:
    """Converter and name of each parameter."""
    return [(kind or "str", name) for kind, name in CONVERTER.findall(address.route)]


def filled(address: Address, values: dict[str, Any]) -> str:
    return "/" + CONVERTER.sub(lambda found: str(values[found[2]]), address.route)


def names_objects(address: Address) -> bool:
    """Whether the address names anything that somebody owns: by number, code, digest or UUID."""
    return any(kind in ("int", "uuid") or is_named(kind, name) for kind, name in parameters(address))


def is_named(kind: str, name: str) -> bool:
    """Whether the parameter is the text by which an object of somebody is known."""
    return name in ("code", "digest") or (kind, name) == ("str", "number")


def choices(kind: str, name: str, held: Held, numbers: list[int]) -> list[Any]:
    if kind == "int":
        return numbers
    if kind == "uuid":
        return [held.others["receipt"].pk]
    if name == "code":
        return [held.code]
    if (kind, name) == ("str", "number"):
        return [held.world.participant.screening.number]
    if name == "digest":
        return [held.others["token"].token_key, held.others["token"].digest]
    return ["json"]


def foreign_urls(address: Address, worlds: Worlds) -> Iterator[str]:
    """The address filled with Pune's identifiers, and with one of Pune's beside Mumbai's own."""
    foreign, own = worlds.foreign_numbers(), [worlds.mumbai.world.visit.pk, 1]
    wanted = parameters(address)
    of_form = form_of(f"/{address.route}")
    for key in (
        [of_form.key] if of_form else FORMS if {name for _k, name in wanted} & {"key", "form"} else [""]
    ):
        # A form is tried with its own record; what names no form, with every number of Pune.
        numbers = [worlds.pune.world.records[key].pk] if key else foreign
        options = []
        for kind, name in wanted:
            if name in ("key", "form"):
                options.append([(key, False)])
                continue
            mine = kind in ("int", "uuid") or is_named(kind, name)
            theirs = [(value, mine) for value in choices(kind, name, worlds.pune, numbers)]
            beside = (
                [(value, False) for value in choices(kind, name, worlds.mumbai, own)]
                if len(wanted) > 1
                else []
            )
            options.append(theirs + (beside if mine else []))
        for combination in itertools.product(*options):
            if any(is_foreign for _value, is_foreign in combination):
                values = {name: value for (_k, name), (value, _f) in zip(wanted, combination, strict=True)}
                yield filled(address, values)


# --- Writes of the API -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Write:
    """A write as the OpenAPI document tells it. members: what it says that it takes."""

    method: str
    path: str
    members: frozenset[str]
    schema: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@functools.cache
def writes() -> tuple[Write, ...]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in ("post", "put", "patch", "delete"):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            schema = _resolved(content.get("application/json", {}).get("schema", {}), document)
            found.append(Write(method, path, frozenset(schema.get("properties", {})), schema))
    return tuple(found)


def _resolved(schema: dict[str, Any], document: Any) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


# What a write of no form needs beside what is attacked; an address of tomorrow without an entry is tried with {}.
BASES: dict[str, Callable[[Held], dict[str, Any]]] = {
    "/api/v1/donation-numbers/": lambda h: {"site": h.site.code},
    "/api/v1/products/{id}/readings/": lambda h: {
        "step": "collection",
        "identifier": "D-1",
        "participant_code": h.code,
        "how": "scanned",
    },
    "/api/v1/products/{id}/labels/": lambda h: {"copies": 1},
    "/api/v1/participants/": lambda h: {"site": h.site.code, "group": "case"},
    "/api/v1/screening/": lambda h: {"site": h.site.code, "screened_on": "2026-10-01"},
    "/api/v1/screening/{number}/eligibility/": lambda h: {"answers": {"t1dm": {"answer": "yes"}}},
    "/api/v1/screening/{number}/conclude/": lambda h: {
        "outcome": "declined",
        "on": "2026-10-02",
        "reason_code": "travel",
    },
    "/api/v1/screening/{number}/reopen/": lambda h: {"reason": "Came back"},
    "/api/v1/screening/{number}/overrides/": lambda h: {
        "criterion": "malignancy",
        "reason": "Cured twelve years ago",
        "version": 0,
        "password": "wrong",
    },
    "/api/v1/products/{pk}/infusion/": lambda h: {
        "started_at": "2016-11-03T12:00+05:30",
        "before": {"pulse": "80"},
    },
    "/api/v1/products/{pk}/infusion/happenings/": lambda h: {"kind": "flush", "at": "2016-11-03T12:10+05:30"},
    "/api/v1/products/{pk}/infusion/observations/": lambda h: {
        "timepoint": "plus_24_h",
        "observed_at": "2016-11-04T12:10+05:30",
        "pulse": "80",
    },
    "/api/v1/products/{pk}/infusion/stop/": lambda h: {"stopped_at": "2016-11-03T13:00+05:30"},
    "/api/v1/visits/": lambda h: {"participant": h.code, "key": "M3", "happened_on": "2017-02-01"},
    "/api/v1/consent-events/": lambda h: {
        "participant": h.code,
        "kind": "oral_assent",
        "signed_on": "2016-10-01",
    },
    "/api/v1/glucose-readings/": lambda h: {
        "chart": h.world.records["glucose-chart"].pk,
        "readings": [{"measured_on": "2016-11-01", "slot": "fasting", "value": "110"}],
    },
    "/api/v1/sessions/": lambda h: {"participant": h.code},
    "/api/v1/adverse-events/": lambda h: {
        "participant": h.code,
        "verbatim": "Bruise",
        "onset_on": "2016-11-02",
        "aware_at": "2016-11-03T10:00:00Z",
        "serious": False,
    },
    "/api/v1/adverse-events/{pk}/link/": lambda h: {"session": None, "product": None, "reason": "A mistake"},
    "/api/v1/products/": lambda h: {
        "participant": h.code,
        "harvest": h.world.records["cell-product"].harvest_id,
        "component": "bmmnc",
        "product_identifier": "D-1",
    },
    "/api/v1/safety-reports/": lambda h: {
        "event": h.world.records["adverse-event"].pk,
        "kind": "initial",
        "recipient": "sponsor",
        "sent_at": "2016-11-02T10:00:00Z",
    },
    "/api/v1/safety-reports/{id}/correct/": lambda h: {"reason": "Number missing", "reference": "EC/1"},
    "/api/v1/safety-alerts/{id}/acknowledge/": lambda h: {"what_is_done": "Seen"},
    "/api/v1/site-approvals/": lambda h: {
        "site": h.site.code,
        "kind": "ethics_committee",
        "authority": "Committee",
        "number": "EC/2026/9",
        "approved_on": "2026-01-01",
        "valid_from": "2026-01-01",
        "without_end": True,
    },
    "/api/v1/consent-documents/": lambda h: {
        "site": h.site.code,
        "kind": "consent_form",
        "purpose": "images",
        "version_label": "1.0",
        "title": "Form for images",
    },
    "/api/v1/consent-documents/{id}/approve/": lambda h: {
        "approval": h.others["site-approval"].pk,
        "valid_from": "2026-01-01",
    },
    "/api/v1/consent-documents/{id}/withdraw/": lambda h: {
        "from_on": "2026-01-01",
        "because": "The committee asked for it",
    },
    "/api/v1/consent-documents/{id}/texts/{language}/": lambda h: {"words": "What you sign"},
    "/api/v1/products/{id}/release/": lambda h: {
        "decision": "rejected",
        "released_at": "2016-11-02T12:00:00Z",
        "reason_rejected": "Clot",
        "password": "wrong",
    },
    "/api/v1/deviations/": lambda h: {
        "participant": h.code,
        "description": "The centrifuge stood still.",
        "classification": "minor",
    },
    "/api/v1/deviations/{id}/assess/": lambda h: {"root_cause": "Nobody was told."},
    "/api/v1/deviations/{id}/plan/": lambda h: {"corrective_action": "The product was discarded."},
    "/api/v1/deviations/{id}/committee/": lambda h: {"reported_on": "2026-11-02"},
    "/api/v1/deviations/{id}/close/": lambda h: {"closing_note": "Settled."},
    "/api/v1/deviations/{id}/reopen/": lambda h: {"reason": "Closed too early."},
    "/api/v1/deviations/{id}/withdraw/": lambda h: {"reason": "It was none."},
    "/api/v1/review/freezes/": lambda h: {"site": h.site.code, "act": "lift", "reason": "It is over"},
    "/api/v1/review/forms/{key}/{id}/take-back/": lambda h: {"reason": "Wrong chart"},
    **{
        f"/api/v1/review/{place}/": lambda h: {"reason": "A page was found"}
        for place in (
            "forms/{key}/{id}/unlock",
            "visits/{id}/unlock",
            "visits/{id}/freeze",
            "visits/{id}/lift",
        )
    },
    "/api/v1/outcomes/runs/": lambda h: {"key": "hba1c"},
    "/api/v1/safety-tables/runs/": lambda h: {"audience": "masked", "include_synthetic": True},
    "/api/v1/safety-tables/{id}/unmask/": lambda h: {"reason": "Meeting of the committee"},
    "/api/v1/matching/runs/": lambda h: {"ratio": 1, "seed": 1},
    "/api/v1/matching/given/": lambda h: {"pairs": [{"case": h.code, "control": h.code}]},
    "/api/v1/tokens/": lambda h: {"username": "asha", "password": "wrong", "name": "x"},
}


def form_of(path: str) -> Any:
    found = re.match(r"/api/v1/forms/([\w-]+)/", path)
    return FORMS.get(found[1]) if found else None


def target(write: Write, held: Held) -> str:
    """The address of the write, at an object of the world itself."""
    spec = form_of(write.path)
    special = {"sessions": "cell-session", "products": "cell-product"}
    part = write.path.removeprefix("/api/v1/").split("/")[0]
    if spec is not None:
        number = held.world.records[spec.key].pk
    elif part in special:
        number = held.world.records[special[part]].pk
    elif part == "visits":
        number = held.world.visit.pk
    else:
        number = held.others.get(part.removesuffix("s").replace("querie", "query"), held.others["job"]).pk
    if part == "screening":
        number = held.world.participant.screening.number
    texts = {"code": held.code, "language": "en"}
    if part == "review":
        number = held.world.visit.pk if "/visits/" in write.path else held.world.records["demographics"].pk
        texts["key"] = "demographics"
    return re.sub(r"\{(\w+)\}", lambda m: texts.get(m[1], str(number)), write.path)


def base(write: Write, held: Held) -> dict[str, Any]:
    """A body about the world's own objects, which would be taken or refused only for its values."""
    spec = form_of(write.path)
    if spec is not None and write.method == "post":
        parents = {name: parent.pk for name, parent in held.world.parents_of(spec, fresh=False).items()}
        return {"participant": held.code, **parents, "complete": False}
    if spec is not None:
        return {"complete": False}
    return BASES.get(write.path, lambda h: {})(held)


HEADERS = {"If-Match": '"1"'}
ALL_ADDRESSES = ADDRESSES
