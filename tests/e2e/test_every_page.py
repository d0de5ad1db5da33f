"""Every page of every person: no error in the console, no breach of the security policy, nothing serious for axe-core,
and nothing that has to be scrolled sideways at 390 pixels."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.browser import NARROW, WIDE, Entrance, Person, Scheme

pytestmark = pytest.mark.e2e

SERIOUS = ("serious", "critical")
# What can differ when the same markup is narrow and dark.
BY_LOOKS = ("color-contrast", "scrollable-region-focusable", "target-size", "link-in-text-block")
# Where each works, beside the links of the navigation. {names} are filled by `places`.
BESIDE_THE_NAVIGATION = {
    "asha": (
        "/participants/{published}/",
        "/participants/{treated}/",
        "/participants/{treated}/visits/new/",
        "/participants/{treated}/visits/{visit}/",
        "/participants/{treated}/consent/",
        "/participants/{published}/consent/",
        "/participants/{treated}/consent/sign/consent/",
        "/participants/{treated}/consent/sign/lar_consent/?language=mr",
        "/participants/{treated}/consent/withdraw/",
        "/participants/{treated}/consent/optional-items/",
        "/participants/{treated}/consent/dissent/",
        "/participants/{treated}/consent/new/",
        "/participants/{treated}/change/",
        "/participants/{treated}/enrol/",
        "/participants/{treated}/group/",
        "/participants/{treated}/sessions/1/",
        "/participants/{published}/records/lab-result/",
        "/participants/{treated}/identity/",
        "/participants/{treated}/identity/change/",
        "/participants/{published}/identity/",
        "/participants/{treated}/print/",
        "/participants/{treated}/protocol-version/",
        "/participants/{treated}/forms/concomitant-medication/new/",
        "/participants/{treated}/forms/mixed-meal-test/new/?visit={visit}",
        "/participants/{treated}/forms/quality-of-life/new/?visit={visit}",
        "/calendar/?show=load",
        "/participants/find/",
        "/screening/new/",
        "/screening/MUM-S0002/",
        "/screening/MUM-S0002/change/",
        "/products/{product}/",
        "/participants/{treated}/forms/adverse-event/new/",
        "/forms/insulin/{insulin}/",
        "/forms/insulin/{insulin}/history/",
        "/tokens/",
        "/ui/",
    ),
    "rao": ("/products/{product}/", "/forms/cell-product/{product}/sign/", "/review/sign/"),
    "meera": (
        "/sites/MUM/start-up/",
        "/sites/PUN/start-up/",
        "/sites/MUM/start-up/new/",
        "/sites/MUM/start-up/waive/",
        "/participants/{treated}/queries/new/",
        "/queries/",
        "/queries/counts/",
        "/review/verify/",
        "/review/lock/",
        "/review/freeze/",
        "/attachments/",
        "/account/mails/",
    ),
    "sanjay": ("/exports/vital-signs/", "/tokens/", "/api/docs/", "/api/docs/problems/", "/protocol/"),
    "farah": (
        "/screening/MUM-S0002/",
        "/oversight/4/",
        "/oversight/consent-log/{entry}/",
        "/oversight/consent-log/print/",
        "/oversight/consent-log/pdf/?site=MUM",
        "/oversight/consent-log/?delay=1&special=undated",
        "/oversight/consent/{published}/",
        "/oversight/consent/{treated}/?on=2025-06-30",
        "/protocol/",
    ),
    "admin": (
        "/",
        "/tokens/",
        "/people/",
        "/people/asha/",
        "/people/asha/roles/new/",
        "/sites/",
        "/sites/MUM/",
        "/delegations/",
        "/access/roles/",
        "/account/security/",
        "/account/security/app/",
        "/account/security/passkeys/add/",
        "/account/password/",
        "/account/again/",
        "/account/sessions/",
    ),
}


@pytest.fixture(scope="package")
def seen() -> set[str]:
    """Pages that axe-core has looked at: the same page of another person is the same markup."""
    return set()


def kind_of(path: str) -> str:
    return re.sub(r"/\d+(?=/)", "/…", path)


def look(person: Person, size: Any, scheme: Scheme, *, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds; with `rules` by these alone."""
    person.page.set_viewport_size(size)
    person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    # What happens to lie half below the bar of actions is no small target: a person scrolls it free.
    person.page.evaluate(
        "document.querySelectorAll('.form-actions').forEach(bar => { bar.style.position = 'static' })"
    )
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = Axe().run(person.page, options=options).response["violations"]
    return [
        f"{one['id']} ({one['impact']}) at {size['width']} {scheme}: {one['nodes'][0]['target']} "
        f"{one['nodes'][0]['html'][:160]} and {len(one['nodes']) - 1} more"
        for one in found
        if one["impact"] in SERIOUS
    ]


def too_wide(person: Person) -> list[str]:
    """What reaches beyond the right edge, unless it scrolls within itself."""
    page = person.page
    page.set_viewport_size(NARROW)
    widths = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    if widths[0] <= widths[1]:
        return []
    culprits = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('.table-scroll, pre')).slice(0, 3).map(e => e.outerHTML.slice(0, 120))"
    )
    return [f"{widths[0]} wide at {widths[1]}: {culprits}"]


@pytest.mark.parametrize("name", BESIDE_THE_NAVIGATION)
def test_pages(name: str, door: Entrance, places: dict[str, Any], seen: set[str]) -> None:
    person = door.sign_in(name)
    page = person.visit("/")
    links = page.get_by_role("navigation", name="Main").get_by_role("link").all()
    linked = [link.get_attribute("href") or "" for link in links]
    assert linked or name == "admin"
    assert page.get_by_role("main").count() == 1
    wrong: list[str] = []
    for path in dict.fromkeys([*linked, *(one.format(**places) for one in BESIDE_THE_NAVIGATION[name])]):
        page.set_viewport_size(WIDE)
        person.visit(path)
        found: list[str] = []
        if kind_of(path) not in seen:
            seen.add(kind_of(path))
            found += look(person, WIDE, "light") + look(person, NARROW, "dark", rules=BY_LOOKS)
        found += too_wide(person)
        # The gallery shows headings of every kind.
        if path != "/ui/" and page.get_by_role("heading", level=1).count() != 1:
            found.append("not exactly one heading of the first level")
        wrong += [f"{path}: {one}" for one in found]
    wrong += person.complaints
    assert not wrong, "\n".join(wrong)


def test_pages_of_strangers(door: Entrance) -> None:
    """Signing in, and what is not there."""
    person = door.stranger()
    wrong: list[str] = []
    for path, status in (("/sign-in/", 200), ("/nowhere/", 404)):
        person.visit(path, status)
        wrong += [
            f"{path}: {one}"
            for one in look(person, WIDE, "light") + look(person, NARROW, "dark", rules=BY_LOOKS)
        ]
        wrong += [f"{path}: {one}" for one in too_wide(person)]
        person.shot(f"stranger{path.replace('/', '-').rstrip('-')}", both=True)
    wrong += [one for one in person.complaints if "404" not in one]
    assert not wrong, "\n".join(wrong)
