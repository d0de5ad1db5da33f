"""One cell therapy session of one participant, by the people whose work it is: from the harvest to a culture that grows
after the infusion, and to the committee that hears of it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import NARROW, PASSWORD, Entrance, Person, Script, Scripts

pytestmark = pytest.mark.e2e

ZONE = ZoneInfo("Asia/Kolkata")
TABLET = {"width": 820, "height": 1180}
YES = ("t1dm", "autoantibody", "age", "hba1c", "consent")
NO = (
    "infection_markers", "active_infection", "malignancy", "pregnancy", "coagulopathy", "anaemia", "thrombocytopenia",
    "renal", "immunosuppression", "previous_cell_therapy",
)  # fmt: skip
SAID = "Participant examined and well; co-amoxiclav begun; committee told today"


@dataclass
class Walk:
    """What the people of this session know of it. began: the harvest, six hours ago, in the time of the site."""

    door: Entrance
    scripts: Scripts
    began: dt.datetime = field(
        default_factory=lambda: dt.datetime.now(ZONE).replace(second=0, microsecond=0) - dt.timedelta(hours=6)
    )
    code: str = ""
    product: str = ""
    number: str = ""
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def day(self) -> str:
        return self.began.date().isoformat()

    def at(self, minutes: int) -> str:
        """Minutes after the harvest began, as a control takes it."""
        return (self.began + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")

    def days_before(self, days: int) -> str:
        return (self.began.date() - dt.timedelta(days=days)).isoformat()

    def as_(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = self.door.sign_in(name)
        return self.people[name]

    def form(self, person: Person, key: str, **values: Any) -> Page:
        """Follow the link to a form on the page of the product, fill it in, and save it with the keyboard."""
        page = person.visit(self.product)
        page.locator(f"a[href*='/forms/{key}/new/']").first.click()
        put(page, values)
        return saved(person)


def put(page: Page, values: dict[str, Any]) -> None:
    """Fill in by name, in order, as a person would; `absent_x` says why there is no x."""
    for name, value in values.items():
        if name.startswith("absent_"):
            what = name.removeprefix("absent_")
            page.locator(f"[data-absent-toggle={what}]").click()
            page.locator(f"#id_absent-{what}").select_option(value)
            continue
        control = page.locator(f"[name='{name}']:not([type=hidden])")
        reason = page.locator(f"#id_absent-{name}")
        if control.first.is_disabled() and reason.count():
            reason.select_option("")
        kind = control.first.evaluate("c => c.type")
        if kind in ("radio", "checkbox"):
            for one in [value] if isinstance(value, str) else value:
                page.locator(f"[name='{name}'][value='{one}']").check()
        elif kind == "select-one":
            control.select_option(value)
        else:
            control.fill(value)


def saved(person: Person) -> Page:
    answer = person.press_for("Alt+s")
    said = person.page.locator(".error-summary")
    assert answer.status < 400, said.inner_text() if said.count() else answer.status
    return person.page


def read(person: Person, url: str, identifier: str, code: str, **more: Any) -> Page:
    """One person reads the label and the wristband."""
    page = person.visit(url)
    put(page, {"identifier": identifier, "participant_code": code, "how": "typed"} | more)
    person.press_for("Alt+s")
    return page


def downloaded(page: Page, link: Any) -> bytes:
    with page.expect_download() as coming:
        link.click()
    return Path(coming.value.path()).read_bytes()


def asked(script: Script, path: str, body: Any, **how: Any) -> Any:
    answer = script(path, body, **how)
    assert answer.status in (200, 201), (path, answer.body.decode())
    return answer.json()


@pytest.fixture
def walk(door: Entrance, scripts: Scripts) -> Walk:
    """A woman of 24 who is enrolled as a case since yesterday, consents to the procedure, and was weighed today."""
    walk = Walk(door, scripts)
    script = scripts("asha")
    entry = asked(
        script,
        "/api/v1/screening/",
        {
            "site": "MUM", "screened_on": walk.days_before(6), "age": 24, "sex": "female", "referral": "clinic",
            "considered_for": "case", "synthetic": True,
        },
    )  # fmt: skip
    screening = f"/api/v1/screening/{entry['number']}"
    answers = {key: {"answer": "yes"} for key in YES} | {key: {"answer": "no"} for key in NO}
    for key in ("hba1c", "renal", "coagulopathy", "anaemia", "thrombocytopenia"):
        answers[key]["evidence"] = "Hospital laboratory, this week"
    asked(script, f"{screening}/eligibility/", {"answers": answers}, method="PUT")
    person = asked(script, f"{screening}/register/", {"label": "Walk through a session"})
    walk.code = person["code"]
    consent = {
        "participant": walk.code, "kind": "consent", "purposes": ["participation", "procedure"], "document_version": "3.0",
        "document_language": "en", "signed_on": walk.days_before(3), "age_at_signature": 24, "signer": "participant",
    }  # fmt: skip
    asked(script, "/api/v1/consent-events/", consent)
    for act, values in (
        ("enrolment", {"enrolled_on": walk.days_before(1)}),
        ("groups", {"group": "case", "effective_on": walk.days_before(1), "reason": "Chose the treatment"}),
    ):
        version = script(f"/api/v1/participants/{walk.code}/").json()["version"]
        asked(script, f"/api/v1/participants/{walk.code}/{act}/", values, If_Match=f'"{version}"')
    visit = asked(script, "/api/v1/visits/", {"participant": walk.code, "key": "S1", "happened_on": walk.day})
    weighed = {
        "participant": walk.code, "visit": visit["id"], "taken_on": walk.day, "weight": "52.4", "height": "160",
        "systolic": 112, "diastolic": 70, "pulse": 78, "temperature": "36.7",
    }  # fmt: skip
    asked(script, "/api/v1/forms/vital-signs/", weighed)
    return walk


def test_a_session_from_the_harvest_to_a_late_positive_culture(walk: Walk) -> None:
    asha = walk.as_("asha")
    harvested(walk, asha)
    processed(walk, walk.as_("nikhil"))
    released(walk, walk.as_("rao"))
    issued(walk, asha)
    infused(walk, asha)
    grown(walk, walk.as_("nikhil"))
    alerted(walk)
    event = acknowledged(walk, walk.as_("rao"))
    report = reported(walk, walk.as_("rao"), event)
    deviation = settled(walk, walk.as_("rao"))
    audited(walk, walk.as_("farah"), report, deviation)
    for person in walk.people.values():
        # Refusals that were meant are the only things that the browser may complain about.
        assert [one for one in person.complaints if not re.search(r"\b40[039]\b", one)] == []


# --- the session, the harvest, the product ------------------------------------------------------------------


def harvested(walk: Walk, asha: Person) -> None:
    page = asha.visit(f"/participants/{walk.code}/")
    page.get_by_role("button", name="Plan the next session").click()
    page.wait_for_url("**/sessions/1/")
    session = page.url.removeprefix(asha.url)
    page.get_by_role("link", name="Date and number").click()
    put(page, {"planned_on": walk.day, "performed_on": walk.day})
    saved(asha)

    page = asha.visit(session)
    page.get_by_role("link", name="Record donor tests").click()
    tests = {}
    for marker in ("hiv", "hbv", "hcv", "syphilis"):
        tests |= {marker: "negative", f"{marker}_sampled_on": walk.days_before(5)}
    put(page, tests)
    saved(asha)

    page = asha.visit(session)
    page.get_by_role("link", name=re.compile("BM-MNC")).and_(page.locator("a[href*='dose-plan']")).click()
    put(
        page,
        {
            "component": "bm_mnc",
            "planned_on": walk.day,
            "planned_by": "Investigator",
            "severity": "moderate",
            "severity_basis": "HbA1c 9.1 %",
            "age_years": "24",
            "comorbidities": ["none"],
            "planned_low": "900",
            "planned_high": "2000",
            "rationale": "As many cells as the harvest gives; no comorbid condition asks for fewer.",
        },
    )
    saved(asha)

    page = asha.visit(session)
    page.locator("a[href*='/forms/harvest/new/']").first.click()
    put(
        page,
        {
            "tissue": "bone_marrow",
            "anatomical_site": "posterior_iliac_crest",
            "laterality": "bilateral",
            "volume_ml": "120",
            "anaesthesia": "local",
            "anticoagulant": "acd_a",
            "started_at": walk.at(0),
            "ended_at": walk.at(30),
            "operator": "Surgeon",
            "complications": ["none"],
        },
    )
    saved(asha)

    page = asha.visit(session)
    page.locator("a[href*='/harvests/']").first.click()
    page.get_by_role("button", name="Give a number and make the product").click()
    page.wait_for_url("**/products/*/")
    expect(page.locator(".messages")).to_contain_text("is made")
    walk.product = page.url.removeprefix(asha.url)
    pk = walk.product.strip("/").split("/")[-1]
    walk.number = walk.scripts("asha")(f"/api/v1/products/{pk}/").json()["product_identifier"]
    page = read(
        asha,
        f"{walk.product}identity/collection/",
        walk.number,
        walk.code,
        how="paper",
        read_at=walk.at(32),
        second="here",
        second_username="rao",
        second_identifier=walk.number,
        second_participant_code=walk.code,
        second_password=PASSWORD,
    )
    expect(page.locator(".messages")).to_contain_text("identity matches")
    walk.form(
        asha,
        "hand-over",
        leg="to_laboratory",
        container="Validated box 4 with a logger",
        from_place="Operating theatre",
        given_by="Theatre nurse",
        given_at=walk.at(35),
        to_place="Cell laboratory",
        received_by="Cell technologist",
        received_at=walk.at(50),
        condition="intact",
        temperature_min="18.5",
        temperature_max="20.1",
    )


# --- the laboratory -----------------------------------------------------------------------------------------


def processed(walk: Walk, nikhil: Person) -> None:
    nikhil.visit("/products/")
    # The second person stands beside: a wrong password records nothing and keeps what was typed.
    receipt = f"{walk.product}identity/receipt/"
    second = {
        "how": "paper",
        "read_at": walk.at(52),
        "second": "here",
        "second_username": "asha",
        "second_identifier": walk.number,
        "second_participant_code": walk.code,
    }
    page = read(nikhil, receipt, walk.number, walk.code, **second, second_password="not hers")
    expect(page.locator("#error-second_password")).to_be_visible()
    expect(page.locator("#id_second_identifier")).to_have_value(walk.number)
    expect(page.locator("#id_identifier")).to_have_value(walk.number)
    page.locator("#id_second_password").fill(PASSWORD)
    nikhil.press_for("Alt+s")
    expect(page.locator(".messages")).to_contain_text("identity matches")

    walk.form(
        nikhil,
        "processing",
        sop="SOP-CELL-04",
        sop_version="3",
        operators="Technologists 2 and 5",
        started_at=walk.at(60),
        ended_at=walk.at(170),
        method="density_gradient",
        final_volume_ml="52",
        storage="room_temperature",
    )
    page = nikhil.visit(walk.product)
    page.locator("a[href*='/forms/reagent-lot/new/']").first.click()
    put(
        page,
        {
            "reagent": "Density gradient medium",
            "supplier": "Supplier 1",
            "lot": "L20417",
            "expires_on": "2020-01-31",
        },
    )
    assert nikhil.press_for("Alt+s").status == 409
    expect(page.locator(".error-summary")).to_contain_text("expired")
    page.locator("#id_lot").fill("L88123")
    page.locator("#id_expires_on").fill((walk.began.date() + dt.timedelta(days=200)).isoformat())
    saved(nikhil)
    walk.form(
        nikhil,
        "cell-counts",
        tnc="1500",
        mnc="1390",
        viable="1365",
        counted_at=walk.at(180),
        counter="Counter 1",
        start_tnc="1900",
        start_mnc="1600",
    )
    walk.form(nikhil, "viability", viability_percent="91", method="seven_aad", measured_at=walk.at(185))
    walk.form(
        nikhil,
        "microbiology",
        sampled_on=walk.day,
        gram_stain="negative",
        endotoxin="<0.5",
        aerobic="pending",
        anaerobic="pending",
        fungal="pending",
        absent_read_on="pending",
    )
    walk.form(
        nikhil, "container", number="1", kind="bag", volume_ml="52", lot="BAG-2291", filled_at=walk.at(175)
    )
    page = nikhil.visit(walk.product)
    page.get_by_role("link", name="Labels", exact=True).click()
    nikhil.shot("session-labels")
    with page.expect_response(lambda r: r.request.method == "POST") as sent:
        page.get_by_role("button", name="Print", exact=True).click()
    assert sent.value.headers["content-type"] == "application/pdf"


# --- the release --------------------------------------------------------------------------------------------


def released(walk: Walk, rao: Person) -> None:
    page = rao.visit(walk.product)
    page.locator(f"a[href='{walk.product}release/']").first.click()
    rao.shot("session-release", both=True)
    conditions = "Day-14 cultures awaited; the microbiologist telephones the investigator of any growth."
    put(
        page,
        {
            "decision": "conditional",
            "released_at": walk.at(340),
            "conditions": conditions,
            "password": "not his",
        },
    )
    assert rao.press_for("Alt+s").status == 403
    expect(page.locator("main")).to_contain_text("Nothing was decided or signed")
    expect(page.locator("#id_conditions")).to_have_value(conditions)
    expect(page.locator("[name=decision][value=conditional], #id_decision").first).to_have_value(
        "conditional"
    )
    expect(page.locator("#id_password")).to_have_value("")
    rao.shot("session-release-refused", both=True)
    page.locator("#id_password").fill(PASSWORD)
    saved(rao)
    page = rao.visit(f"{walk.product}release/")
    expect(page.locator("main")).to_contain_text("decided by")
    rao.shot("session-released", both=True)


# --- issue, bedside, infusion -------------------------------------------------------------------------------


def issued(walk: Walk, asha: Person) -> None:
    nikhil = walk.as_("nikhil")
    issue, bedside = (f"{walk.product}identity/{step}/" for step in ("issue", "bedside"))
    page = read(nikhil, issue, walk.number, walk.code)
    expect(page.locator(".messages")).to_contain_text("A second person reads now")
    page = read(asha, issue, walk.number, walk.code)
    expect(page.locator(".messages")).to_contain_text("identity matches")
    now = dt.datetime.now(ZONE).strftime("%Y-%m-%dT%H:%M")
    walk.form(
        nikhil,
        "hand-over",
        leg="to_ward",
        container="Validated box 4 with a logger",
        from_place="Cell laboratory",
        given_by="Cell technologist",
        given_at=now,
        to_place="Ward",
        received_by="Ward nurse",
        received_at=now,
        condition="intact",
        temperature_min="19.0",
        temperature_max="20.5",
    )

    # The wristband of somebody else: refused, and nothing goes on until two people have read again.
    people = walk.scripts("asha")("/api/v1/participants/?site=MUM&limit=50").json()["results"]
    other = next(one["code"] for one in people if one["code"][:-1] != walk.code[:-1])
    page = read(asha, bedside, walk.number, other)
    expect(page.locator("main")).to_contain_text("the participant is another one")
    asha.shot("session-mismatch", both=True)
    page = asha.visit(f"{walk.product}infusion/")
    expect(page.locator("main")).to_contain_text("Not yet: this stands in the way")
    page = asha.visit("/deviations/lists/near-misses/")
    row = page.get_by_role("row").filter(has_text=walk.code).first
    expect(row).to_contain_text("Bedside")
    asha.shot("session-near-misses")

    page = read(asha, bedside, walk.number, walk.code)
    expect(page.locator(".messages")).to_contain_text("A second person reads now")
    page = read(nikhil, bedside, walk.number, walk.code)
    expect(page.locator(".messages")).to_contain_text("identity matches")


def bedside_shots(person: Person, name: str) -> None:
    """On a tablet and on a phone: nothing is cut off at the side."""
    for size, scheme in ((TABLET, "light"), (NARROW, "dark"), (NARROW, "light")):
        person._shoot(name, size, scheme)  # type: ignore[arg-type]
        fits = person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert fits, f"{name}: wider than {size['width']} px"
    person.page.set_viewport_size(TABLET)  # type: ignore[arg-type]


def recorded(page: Page, button: str, said: str, act: str = "") -> None:
    within = page.locator(act) if act else page
    with page.expect_response(lambda r: r.request.method == "POST" and "/infusion/" in r.url) as sent:
        within.get_by_role("button", name=button).click()
    assert sent.value.status < 400, page.locator(".error-summary").all_inner_texts()
    expect(page.locator(".messages")).to_contain_text(said)


def infused(walk: Walk, asha: Person) -> None:
    page = asha.visit(walk.product)
    page.locator(f"a[href='{walk.product}infusion/']").first.click()
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    bedside_shots(asha, "session-bedside-start")
    vitals = {
        "temperature": "36.8",
        "pulse": "82",
        "systolic": "114",
        "diastolic": "72",
        "respiratory_rate": "16",
        "oxygen_saturation": "98",
    }
    before = (dt.datetime.now(ZONE) - dt.timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M")
    put(page, {"start-route": "intravenous", "start-line": "peripheral", "start-filter_used": "true"})
    put(
        page,
        {
            "start-filter_microns": "200",
            "start-rate_ml_h": "60",
            "start-premedication": "Paracetamol 15 mg/kg",
            "before-observed_at": before,
        },
    )
    put(page, {f"before-{name}": value for name, value in vitals.items()})
    recorded(page, "The infusion runs now", "The infusion runs")
    expect(page.get_by_role("heading", name="Next observation")).to_be_visible()
    bedside_shots(asha, "session-bedside-running")

    act = page.locator("#act-happening")
    act.locator("summary").click()
    put(page, {"happening-kind": "rate", "happening-rate_ml_h": "90"})
    recorded(page, "Record it", "Rate set or changed", "#act-happening")
    recorded(page, "Interrupt now", "Interrupted")
    bedside_shots(asha, "session-bedside-interrupted")
    recorded(page, "Resumed now", "Resumed")
    put(
        page,
        {"observe-timepoint": "start"}
        | {f"observe-{name}": value for name, value in vitals.items()}
        | {"observe-reactions": ["none"]},
    )
    recorded(page, "Record the observation", "is recorded", "#act-observe")
    page.locator("#act-stop summary").click()
    put(page, {"stop-volume_ml": "50", "stop-residual_discarded_ml": "2", "stop-total_dose": "1440"})
    recorded(page, "Record the stop", "The stop is recorded", "#act-stop")
    bedside_shots(asha, "session-bedside-stopped")
    page.set_viewport_size({"width": 1440, "height": 900})
    page = asha.visit(walk.product)
    expect(page.locator(".page-title, main").first).to_contain_text("Infused")
    asha.shot("session-product", both=True)


# --- the culture grows --------------------------------------------------------------------------------------


def grown(walk: Walk, nikhil: Person) -> None:
    page = nikhil.visit(walk.product)
    page.locator("a[href^='/forms/microbiology/']").first.click()
    put(
        page,
        {
            "aerobic": "growth",
            "read_on": dt.datetime.now(ZONE).date().isoformat(),
            "organism": "Staphylococcus epidermidis",
            "reason": "The laboratory telephoned: growth on day 5",
        },
    )
    saved(nikhil)


def alerted(walk: Walk) -> None:
    """On every page of those who may see safety at the site; of nobody else."""
    for name, paths in {
        "asha": ("/worklist/", "/participants/", "/products/", "/protocol/", f"/participants/{walk.code}/"),
        "nikhil": ("/products/", "/protocol/"),
        "rao": ("/worklist/", "/safety/", "/deviations/"),
    }.items():
        person = walk.as_(name)
        for path in paths:
            person.visit(path)
            expect(person.page.locator(".banners")).to_contain_text(walk.code)
    walk.as_("asha").visit("/worklist/")
    walk.as_("asha").shot("session-banner", both=True)
    page = walk.as_("vikram").visit("/worklist/")
    assert walk.code not in page.inner_text("body")


def acknowledged(walk: Walk, rao: Person) -> str:
    """What is done is said; the event that was opened is completed. The address of the event."""
    page = rao.visit("/worklist/")
    page.locator(".banners p", has_text=walk.code).get_by_role("link").click()
    rao.shot("session-alert", both=True)
    event = page.locator("main a[href^='/adverse-events/']").first.get_attribute("href") or ""
    page.get_by_role("link", name="Say what is done").and_(page.locator("main *")).click()
    page.locator("#id_what_is_done").fill(SAID)
    saved(rao)
    expect(page.locator("main")).to_contain_text(SAID)
    assert walk.code not in " ".join(page.locator(".banners").all_inner_texts())

    page = rao.visit(event)
    expect(page.locator("main")).to_contain_text("The form is not complete")
    rao.shot("session-event-opened", both=True)
    page.get_by_role("link", name="Complete the form").click()
    put(
        page,
        {
            "onset_on": dt.datetime.now(ZONE).date().isoformat(),
            "grade": "2",
            "grade_dictionary": "ctcae_5",
            "serious": "true",
            "serious_criteria": ["important_medical_event"],
            "outcome": "recovering",
            "action_taken": ["treated"],
            "related_to_harvest": "possible",
            "related_to_product": "certain",
            "expectedness": "unexpected",
            "reporter": "Microbiologist",
            "follow_up_due_on": (walk.began.date() + dt.timedelta(days=7)).isoformat(),
        },
    )
    if page.locator("#id_reason").count():
        page.locator("#id_reason").fill("Judged by the investigator")
    saved(rao)
    page = rao.visit(event)
    rao.shot("session-event", both=True)
    return event


def reported(walk: Walk, rao: Person, event: str) -> str:
    page = rao.visit("/safety/")
    row = page.locator("#due").get_by_role("row").filter(has_text=walk.code).first
    expect(row).to_be_visible()
    rao.shot("session-safety", both=True)
    row.get_by_role("link", name="Report").first.click()
    put(page, {"kind": "initial", "method": "E-mail", "reference": "EC/2026/114"})
    rao.shot("session-report-new", both=True)
    saved(rao)
    page.wait_for_url("**/safety/reports/*/")
    expect(page.locator("main")).to_contain_text(walk.code)
    # When the site became aware was noted by the portal; completing the form has not lost it.
    aware = page.locator("main dl div", has_text="The site became aware")
    expect(aware).to_contain_text(dt.datetime.now(ZONE).strftime("%Y"))
    expect(page.locator("main")).not_to_contain_text("-0.0")
    rao.shot("session-report", both=True)
    assert downloaded(page, page.get_by_role("link", name="PDF")).startswith(b"%PDF")
    return page.url.removeprefix(rao.url)


def settled(walk: Walk, rao: Person) -> str:
    """The critical deviation of the culture, from the root cause to its end."""
    page = rao.visit(f"/deviations/?q={walk.code}")
    rao.shot("session-deviations", both=True)
    page.get_by_role("row").filter(has_text="Positive after").first.get_by_role("link").first.click()
    page.wait_for_url("**/deviations/*/")
    deviation = page.url.removeprefix(rao.url)
    expect(page.locator("main")).to_contain_text("Critical")
    due = (dt.date.today() + dt.timedelta(days=10)).isoformat()
    steps = {
        "Assess": {"root_cause": "The sample was taken after the port of the bag had been opened twice."},
        "Plan the actions": {
            "corrective_action": "Antibiotic for the participant; the bag lot is withdrawn.",
            "preventive_action": "The port is disinfected and capped before each sample.",
            "responsible": "Head of the cell laboratory",
            "action_due_on": due,
        },
        "Tell the committee": {
            "reported_to_committee_on": dt.datetime.now(ZONE).date().isoformat(),
            "committee_reference": "EC/2026/114",
        },
        "Close": {"closing_note": "Three runs since then without growth; the new step is in the procedure."},
    }
    for name, values in steps.items():
        page.get_by_role("link", name=name, exact=True).click()
        put(page, values)
        saved(rao)
    expect(page.locator("main")).to_contain_text("Closed")
    rao.shot("session-deviation", both=True)
    return deviation


def audited(walk: Walk, farah: Person, report: str, deviation: str) -> None:
    page = farah.visit(deviation)
    expect(page.locator("main")).to_contain_text("The sample was taken after the port")
    assert page.get_by_role("link", name="Reopen").count() == 0
    farah.shot("session-auditor-deviation")
    page = farah.visit(report)
    expect(page.locator("main")).to_contain_text("Staphylococcus epidermidis")
    assert downloaded(page, page.get_by_role("link", name="PDF")).startswith(b"%PDF")


# --- the committee ------------------------------------------------------------------------------------------


def test_the_committee_computes_its_tables_masked(door: Entrance) -> None:
    devi = door.sign_in("devi")
    page = devi.visit("/safety-tables/")
    page.get_by_role("button", name="Compute masked").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.locator("#job-progress")).to_contain_text("The job is done", timeout=60_000)
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_url("**/safety-tables/*/")
    expect(page.locator("main table").first).to_be_visible()
    shown = page.locator("main").inner_text()
    for word in ("BM-MNC", "SVF", "infusion reaction"):
        assert word not in shown
    devi.shot("safety-tables-masked", both=True)
    assert devi.complaints == []
