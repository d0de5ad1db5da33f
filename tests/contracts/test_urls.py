"""Every address × every role × own and foreign site, from the URL configuration itself.

What a person may not do is refused (401 or the sign-in page, 403, or 404 for another site's object); what a
person may do never answers with a refusal of access, and nobody ever meets a 500.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from studyportal.access.declare import declared
from studyportal.access.permissions import Permission
from studyportal.crf.registry import all_specs
from tests.approvals import approval_of
from tests.apps.consent.factories import an_entry_with_a_sheet
from tests.apps.safety.reported import a_kept_report, an_alert
from tests.cast import ROLES
from tests.world import World, checkpoint_of_the_log


@dataclass(frozen=True)
class Address:
    route: str
    name: str
    callback: Any

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"<(?:\w+:)?(\w+)>", self.route))


def walk(resolver: Any, prefix: str = "", namespace: str = "") -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern, route, inner)
        elif isinstance(pattern, URLPattern):
            yield Address(route, namespace + (pattern.name or route), pattern.callback)


ADDRESSES = list(walk(get_resolver()))
FORMS = {spec.key: spec for spec in all_specs()}
MISSING = 987654321

# How an address with parameters is filled from the world: name → keyword arguments.
# "own" arguments belong to the Mumbai site or to nobody; see FOREIGN for what Pune must not find.
FILL: dict[str, Callable[[World], dict[str, Any]]] = {
    "crf:new": lambda w: {"code": w.participant.code, "key": "demographics"},
    "crf:copy": lambda w: {"code": w.participant.code, "key": "demographics"},
    "crf:edit": lambda w: {"key": "demographics", "pk": w.records["demographics"].pk},
    "crf:history": lambda w: {"key": "demographics", "pk": w.records["demographics"].pk},
    "crf:sign": lambda w: {"key": "demographics", "pk": w.records["demographics"].pk},
    "api:participant-protocol-version": lambda w: {"code": w.participant.code},
    "review:act": lambda w: {"key": "demographics", "pk": w.records["demographics"].pk, "act": "verify"},
    "review:visit": lambda w: {"pk": w.visit.pk, "act": "lock"},
    **{
        f"api:review-{name}": lambda w: {"key": "demographics", "pk": w.records["demographics"].pk}
        for name in ("record", "verify", "take-back", "lock", "unlock")
    },
    **{
        f"api:review-visit-{name}": lambda w: {"pk": w.visit.pk}
        for name in ("lock", "unlock", "freeze", "lift")
    },
    "api:participant-insulin": lambda w: {"code": w.participant.code},
    "api:participant-life": lambda w: {"code": w.participant.code},
    "api:participant-detail": lambda w: {"code": w.participant.code},
    "api:visit-detail": lambda w: {"pk": w.visit.pk},
    "api:schedule": lambda w: {"?": f"participant={w.participant.code}"},
    "casebook:participant": lambda w: {"code": w.participant.code},
    "attachments:record": lambda w: {"form": "demographics", "pk": w.records["demographics"].pk},
    **{
        name: lambda w: {"pk": w.attachment.pk}
        for name in (
            "attachments:file",
            "attachments:thumbnail",
            "attachments:withdraw",
            "api:attachment",
            "api:attachment-file",
            "api:attachment-withdraw",
        )
    },
    "imports:form-start": lambda w: {"form": "vital-signs"},
    "imports:form-template": lambda w: {"form": "vital-signs"},
    "api:import-form": lambda w: {"form": "vital-signs"},
    "api:import-form-template": lambda w: {"form": "vital-signs"},
    **{
        f"casebook:participant-{key}": lambda w: {"code": w.participant.code}
        for key in ("change", "enrol", "group", "match", "treated-later", "protocol-version")
    },
    "celldose:identity": lambda w: {"pk": w.records["cell-product"].pk, "step": "bedside"},
    "celldose:product-new": lambda w: {"pk": w.records["harvest"].pk},
    **{
        name: lambda w: {"pk": w.records["cell-product"].pk}
        for name in ("celldose:labels", "api:product-readings", "api:product-custody", "api:product-labels")
    },
    "casebook:visit": lambda w: {"code": w.participant.code, "pk": w.visit.pk},
    "casebook:records": lambda w: {"code": w.participant.code, "form": "lab-result"},
    "queries:new": lambda w: {"code": w.participant.code},
    **{
        f"{space}{name}": lambda w: {"pk": w.query.pk}
        for space, names in {
            "queries:": ("query", "answer", "close", "reopen", "withdraw", "assign"),
            "api:query-": ("detail", "answer", "close", "reopen", "withdraw", "assign"),
        }.items()
        for name in names
    },
    "casebook:print": lambda w: {"code": w.participant.code},
    "casebook:print-cover": lambda w: {"code": w.participant.code},
    "casebook:print-made": lambda w: {"code": w.participant.code, "job_id": MISSING},
    **{
        f"{space}:screening-{name}": lambda w: {"number": w.participant.screening.number}
        for space, names in {
            "enrolment": ("entry", "change", "answer", "verdict", "conclude", "reopen", "register", "enrol"),
            "api": ("entry", "conclude", "reopen", "register", "eligibility", "overrides"),
        }.items()
        for name in names
    },
    "enrolment:screening-override": lambda w: {
        "number": w.participant.screening.number,
        "criterion": "malignancy",
    },
    "celldose:plan": lambda w: {"code": w.participant.code},
    "celldose:product": lambda w: {"pk": w.records["cell-product"].pk},
    "celldose:sheet": lambda w: {"pk": w.records["cell-product"].pk},
    "celldose:sheet-pdf": lambda w: {"pk": w.records["cell-product"].pk},
    "safety:event": lambda w: {"pk": w.records["adverse-event"].pk},
    "safety:event-link": lambda w: {"pk": w.records["adverse-event"].pk},
    "safety:notice": lambda w: {"code": w.participant.code},
    "api:adverse-event": lambda w: {"pk": w.records["adverse-event"].pk},
    "api:adverse-event-link": lambda w: {"pk": w.records["adverse-event"].pk},
    "api:participant-grade-suggestion": lambda w: {
        "code": w.participant.code,
        "?": "term=fever&onset_on=2024-05-02",
    },
    **{
        f"safety:{name}": lambda w: {"pk": w.records["adverse-event"].pk}
        for name in ("event", "report-new", "report-preview")
    },
    **{
        name: lambda w: {"pk": a_kept_report(w.records["adverse-event"], w.cast.rao).pk}
        for name in (
            "safety:report",
            "safety:report-pdf",
            "safety:report-correct",
            "api:safety-report",
            "api:safety-report-pdf",
            "api:safety-report-correct",
        )
    },
    **{
        name: lambda w: {"pk": an_alert(w.records["cell-product"], w.records["adverse-event"]).pk}
        for name in (
            "safety:alert",
            "safety:alert-acknowledge",
            "api:safety-alert",
            "api:safety-alert-acknowledge",
        )
    },
    "celldose:evaluate": lambda w: {"pk": w.records["cell-product"].pk},
    "celldose:release": lambda w: {"pk": w.records["cell-product"].pk},
    "api:product": lambda w: {"pk": w.records["cell-product"].pk},
    "api:product-evaluations": lambda w: {"pk": w.records["cell-product"].pk},
    "api:product-release": lambda w: {"pk": w.records["cell-product"].pk},
    **{
        name: lambda w: {"pk": w.records["cell-product"].pk}
        for name in (
            "celldose:infusion",
            "celldose:infusion-now",
            "api:product-infusion",
            "api:product-happenings",
            "api:product-observations",
            "api:product-infusion-stop",
        )
    },
    "api:session": lambda w: {"pk": w.records["cell-session"].pk},
    "identity:show": lambda w: {"code": w.participant.code},
    "identity:change": lambda w: {"code": w.participant.code},
    "casebook:visit-new": lambda w: {"code": w.participant.code},
    **{
        f"consent:{name}": lambda w: {"code": w.participant.code}
        for name in ("participant", "withdraw", "items", "dissent", "new")
    },
    "consent:sign": lambda w: {"code": w.participant.code, "signature": "lar_consent"},
    **{
        f"consent:entry{name}": lambda w: {"code": w.participant.code, "pk": w.consent.pk}
        for name in ("", "-correct", "-witness", "-recording", "-copy")
    },
    "consent:entry-sheet": lambda w: {
        "code": w.participant.code,
        "pk": an_entry_with_a_sheet(w.participant, w.cast.asha).pk,
    },
    "api:consent-state": lambda w: {"code": w.participant.code},
    "api:consent-to-sign": lambda w: {"code": w.participant.code},
    "api:consent-event-detail": lambda w: {"pk": an_entry_with_a_sheet(w.participant, w.cast.asha).pk},
    "api:consent-event-paper": lambda w: {"pk": an_entry_with_a_sheet(w.participant, w.cast.asha).pk},
    "oversight:finding": lambda w: {"number": 1},
    "oversight:participant": lambda w: {"code": w.participant.code},
    "oversight:consent-story": lambda w: {"code": w.participant.code},
    "oversight:integrity-checkpoint": lambda w: {"pk": checkpoint_of_the_log().pk},
    "api:consent-log-checkpoint": lambda w: {"pk": checkpoint_of_the_log().pk},
    "deviations:deviation": lambda w: {"pk": w.deviation.pk},
    "deviations:act": lambda w: {"pk": w.deviation.pk, "key": "assess"},
    "deviations:listing": lambda w: {"key": "near-misses"},
    "api:deviation": lambda w: {"pk": w.deviation.pk},
    **{
        f"api:deviation-{key}": lambda w: {"pk": w.deviation.pk}
        for key in ("assess", "plan", "committee", "close", "reopen", "withdraw")
    },
    "exports:dataset": lambda w: {"key": "demographics"},
    "api:dataset-csv": lambda w: {"key": "demographics"},
    "api:dataset-dictionary": lambda w: {"key": "demographics", "kind": "csv"},
    "api:dictionary": lambda w: {"kind": "json"},
    "outcomes:run": lambda w: {"key": "hba1c"},
    **{
        name: lambda w: {"pk": w.safety_tables.pk}
        for name in (
            "outcomes:safety-tables",
            "outcomes:safety-unmask",
            "api:safety-tables",
            "api:safety-tables-json",
            "api:safety-tables-pdf",
            "api:safety-tables-unmask",
        )
    },
    **{
        name: lambda w: {"pk": w.safety_tables.pk, "key": "overview"}
        for name in ("outcomes:safety-table", "api:safety-tables-csv")
    },
    "access:person": lambda w: {"username": "asha"},
    "access:person-change": lambda w: {"username": "asha"},
    "access:person-password": lambda w: {"username": "asha"},
    "access:person-factor": lambda w: {"username": "asha"},
    "access:person-standing": lambda w: {"username": "asha"},
    "access:role-new": lambda w: {"username": "asha"},
    "access:role-end": lambda w: {"username": "asha", "pk": w.cast.asha.memberships.get().pk},
    "access:site": lambda w: {"code": "MUM"},
    "access:site-standing": lambda w: {"code": "MUM"},
    "api:user": lambda w: {"username": "asha"},
    "api:site": lambda w: {"code": "MUM"},
    "api:site-start-up": lambda w: {"code": "MUM"},
    "api:site-approval-detail": lambda w: {"pk": approval_of(w.cast.mumbai).pk},
    "api:site-approval-suspensions": lambda w: {"pk": approval_of(w.cast.mumbai).pk},
    "enrolment:site-start-up": lambda w: {"code": "MUM"},
    "enrolment:approval-new": lambda w: {"code": "MUM"},
    "enrolment:approval-waive": lambda w: {"code": "MUM"},
    "enrolment:approval": lambda w: {"code": "MUM", "pk": approval_of(w.cast.mumbai).pk},
    "enrolment:approval-change": lambda w: {"code": "MUM", "pk": approval_of(w.cast.mumbai).pk},
    "enrolment:approval-suspend": lambda w: {"code": "MUM", "pk": approval_of(w.cast.mumbai).pk},
    "enrolment:approval-error": lambda w: {"code": "MUM", "pk": approval_of(w.cast.mumbai).pk},
    **{
        f"{name}": lambda w: {"pk": w.consent_document.pk}
        for name in (
            "consent:document",
            "consent:document-change",
            "consent:document-approve",
            "consent:document-withdraw",
            "consent:document-discard",
            "api:consent-document",
            "api:consent-document-approve",
            "api:consent-document-withdraw",
        )
    },
    **{
        f"{name}": lambda w: {"pk": w.consent_document.pk, "language": "en"}
        for name in (
            "consent:document-text",
            "consent:document-file",
            "consent:document-compare",
            "consent:document-write",
            "consent:document-remove",
            "api:consent-document-words",
        )
    },
}
# Parameters whose objects no test needs to exist: they answer 404 to everyone who may ask at all.
ABSENT = {
    "pk": MISSING,
    "job_id": MISSING,
    "sha256": "0" * 64,
    "digest": "00000000",
    "code": "MUM-9999-X",
    "number": 99,
    "language": "en",
    "username": "nobody",
    "secret": "nonsense",
}

# Objects of Mumbai: the same person's role at Pune gets 404, never 403 and never the object.
SITE_OBJECTS = [
    name
    for name, fill in FILL.items()
    if name.startswith(
        (
            "crf:",
            "casebook:",
            "queries:",
            "api:query-",
            "consent:participant",
            "consent:withdraw",
            "consent:items",
            "consent:dissent",
            "consent:new",
            "consent:sign",
            "consent:entry",
            "identity:",
            "enrolment:screening-",
            "api:screening-",
            "celldose:",
            "safety:event",
            "safety:notice",
            "api:adverse-event",
            "safety:",
            "api:safety-",
            "api:participant",
            "api:visit",
            "api:product",
            "api:session",
            "api:site-approval",
            "api:site-start-up",
            "api:consent-event",
            "api:consent-state",
            "api:consent-to-sign",
            "enrolment:site-start-up",
            "enrolment:approval",
            "consent:document",
            "api:consent-document",
            "deviations:deviation",
            "deviations:act",
            "api:deviation",
            "attachments:",
            "api:attachment",
        )
    )
]


def url_of(address: Address, world: World) -> str:
    values: dict[str, Any] = {}
    form = re.match(r"form-([\w-]+?)(-detail|-history|-signatures)?$", address.name.removeprefix("api:"))
    if form and form[1] in FORMS and address.parameters:
        values = {"pk": world.records[form[1]].pk}
    elif address.name in FILL:
        values = FILL[address.name](world)
    elif address.parameters:
        unknown = set(address.parameters) - set(ABSENT) - {"kind", "key", "form"}
        assert not unknown, f"tell the contract how to fill {address.name}: {sorted(unknown)}"
        values = {name: ABSENT.get(name, "nonsense") for name in address.parameters}
        if "<uuid:" in address.route:
            values["pk"] = "00000000-0000-0000-0000-000000000000"
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), address.route)
    asked = f"?{values['?']}" if "?" in values else ""
    return f"/{path}{asked}"


def allowed(user: Any, permissions: tuple[Permission, ...]) -> bool:
    return any(user.may(permission) for permission in permissions)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_every_address_declares_its_permission(address: Address) -> None:
    assert declared(address.callback), f"{address.route} declares no permission"


@pytest.mark.parametrize("who", [*ROLES, None])
@pytest.mark.django_db
def test_reading(who: str | None, world: World, api: Any, page: Any) -> None:
    user = getattr(world.cast, who) if who else None
    scripts, browser = api(user), page(user)
    wrong = []
    for address in ADDRESSES:
        permissions = declared(address.callback) or {}
        asked = permissions.get("GET", permissions.get("*"))
        if asked is None:
            continue
        answer = (scripts if address.is_api else browser).get(url_of(address, world))
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)
        if Permission.PUBLIC in asked:
            good = answer.status_code < 500
        elif user is None:
            at_sign_in = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
            good = answer.status_code == 401 if address.is_api else at_sign_in
        elif not allowed(user, asked):
            good = answer.status_code == 403
        else:
            good = answer.status_code in (200, 302, 404, 405) or (
                # A page may open for readers and its entry only for those who enter.
                answer.status_code == 403
                and address.name in ("crf:new",)
                and not user.may(Permission.ENTER_DATA)
            )
        if not good:
            wrong.append((address.name, answer.status_code))
    assert not wrong


@pytest.mark.parametrize("who", [*ROLES, None])
@pytest.mark.django_db
def test_writing(who: str | None, world: World, api: Any) -> None:
    """POST, PUT, PATCH and DELETE with an empty body: refused by access, or answered with a clear 4xx."""
    user = getattr(world.cast, who) if who else None
    scripts = api(user)
    wrong = []
    for address in ADDRESSES:
        if not address.is_api:
            continue
        permissions = declared(address.callback) or {}
        for method in ("post", "put", "patch", "delete"):
            asked = permissions.get(
                method.upper(), permissions.get("*", permissions.get("GET", (Permission.SIGNED_IN,)))
            )
            answer = getattr(scripts, method)(url_of(address, world), {}, headers={"If-Match": '"1"'})
            if Permission.PUBLIC in asked:
                good = answer.status_code < 500
            elif user is None:
                good = answer.status_code == 401
            elif not allowed(user, asked):
                # Refused by role, or (an id that no site of the user has) not found at all.
                good = answer.status_code in (403, 404, 405)
            else:
                good = answer.status_code in (200, 201, 202, 204, 400, 404, 405, 409, 412)
            is_problem = answer.status_code < 400 or answer["Content-Type"] == "application/problem+json"
            if not good or not is_problem:
                wrong.append((address.name, method, answer.status_code))
    assert not wrong


@pytest.mark.django_db
def test_another_sites_objects_are_not_found(world: World, api: Any, page: Any) -> None:
    """Vikram holds at Pune what Asha holds at Mumbai; nothing of Mumbai is there for him, by any method."""
    scripts, browser = api(world.cast.vikram), page(world.cast.vikram)
    wrong = []
    for address in ADDRESSES:
        is_form = address.name.startswith("api:form-") and address.parameters
        if not is_form and address.name not in SITE_OBJECTS:
            continue
        url = url_of(address, world)
        client = scripts if address.is_api else browser
        answers = {"get": client.get(url)}
        if address.is_api:
            for method in ("put", "patch"):
                answers[method] = getattr(client, method)(url, {}, headers={"If-Match": '"1"'})
        else:
            answers["post"] = client.post(url, {})
        permissions = declared(address.callback) or {}
        for method, answer in answers.items():
            asked = permissions.get(method.upper(), permissions.get("*", ()))
            # A role that he holds nowhere is refused before any object is looked for.
            refused = answer.status_code == 403 and not allowed(world.cast.vikram, asked)
            if answer.status_code not in (404, 405) and not refused:
                wrong.append((address.name, method, answer.status_code))
        assert world.participant.code not in answers["get"].content.decode().replace(url, "")
    assert not wrong


@pytest.mark.django_db
def test_lists_hold_nothing_of_another_site(world: World, api: Any, page: Any) -> None:
    scripts, browser = api(world.cast.vikram), page(world.cast.vikram)
    found = []
    for address in ADDRESSES:
        if address.parameters:
            continue
        answer = (scripts if address.is_api else browser).get(url_of(address, world))
        whole = answer.status_code == 200 and not getattr(answer, "streaming", False)
        if whole and world.participant.code in answer.content.decode():
            found.append(address.name)
    assert not found


@pytest.mark.django_db
def test_what_is_nowhere_is_a_clear_404(cast: Any, api: Any, page: Any) -> None:
    assert api(cast.asha).get("/api/v1/nowhere/").json()["code"] == "not_found"
    answer = page(cast.asha).get("/nowhere/")
    assert answer.status_code == 404
    assert b"<main" in answer.content


@pytest.mark.parametrize(
    "path", ["/api/v1/participants/?site=%00", "/participants/a%00b/", "/api/v1/participants/%00/"]
)
@pytest.mark.django_db
def test_nul_characters_in_addresses(cast: Any, api: Any, path: str) -> None:
    assert api(cast.asha).get(path).status_code in (400, 404)
