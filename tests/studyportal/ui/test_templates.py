"""Each template renders, brings nothing inline, and says what it must."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.loader import get_template, render_to_string

import studyportal.ui
from studyportal.ui.gallery import fields, samples
from studyportal.ui.parts import FieldView, Step
from tests.studyportal.ui.pages import gallery_page, page

ROOT = Path(studyportal.ui.__file__).parent / "templates"
TEMPLATES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.html"))
ERRORS = ("400.html", "403.html", "403_csrf.html", "404.html", "500.html")
VOID = {"meta", "link", "input", "img", "br", "hr"}


class Document(HTMLParser):
    """Tags that stay open, ids, targets, and whatever the content security policy would refuse."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: set[str] = set()
        self.inline: list[str] = []
        self.in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.in_script = tag == "script"
        if tag == "style" or "style" in given or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on")]
        if given.get("id"):
            self.ids.append(given["id"] or "")
        for name in ("for", "aria-controls", "aria-labelledby", "aria-describedby", "popovertarget"):
            self.references |= set((given.get(name) or "").split())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return None

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_writes_style_or_script_inline(name: str):
    source = (ROOT / name).read_text()
    get_template(name)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"https?://(?!www\.w3\.org)", source)


@pytest.mark.parametrize("theme", ["", "light", "dark"])
def test_the_gallery_is_sound_html(theme: str):
    document = Document(gallery_page(theme))
    assert document.open == []
    assert document.inline == []
    assert len(document.ids) == len(set(document.ids))
    assert document.references <= set(document.ids)


def test_the_gallery_shows_every_component():
    used = (
        (ROOT / "ui/gallery.html").read_text()
        + "".join(path.read_text() for path in (ROOT / "ui/components").glob("*.html"))
        + (ROOT / "ui/shell.html").read_text()
    )
    for path in (ROOT / "ui/components").glob("*.html"):
        assert f"ui/components/{path.name}" in used, path.name
    for path in ("line", "profile", "bars"):
        assert f"ui/charts/{path}.html" in used


@pytest.mark.parametrize("name", ERRORS)
def test_error_pages_render_without_a_request(name: str):
    html = render_to_string(name, {"exception": "Site PUN is not yours."})
    document = Document(html)
    assert document.open == []
    assert "<h1>" in html
    assert 'href="/"' in html


def test_the_refusal_names_person_role_and_page():
    html = page(
        "403.html", {"exception": "Only the data manager unlocks a visit."}, path="/visits/12/unlock/"
    )
    for said in ("Only the data manager", "Asha Kulkarni", "Site coordinator", "/visits/12/unlock/"):
        assert said in html


def test_sign_in_says_what_was_wrong_and_keeps_the_name():
    from django.contrib.auth.forms import AuthenticationForm

    form = AuthenticationForm(data={"username": "asha", "password": ""})
    form.is_valid()
    html = page("ui/sign_in.html", {"form": form, "next": "/worklist/"})
    assert 'role="alert"' in html
    assert 'value="asha"' in html
    assert 'name="next" value="/worklist/"' in html


def render(component: str, **context: object) -> str:
    return render_to_string(f"ui/components/{component}.html", context)


def test_a_disabled_button_says_why():
    html = render("button", label="Record infusion", href="/x/", disabled=True, reason="Not released.")
    assert "<button" in html
    assert "Not released." in html


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.name)
def test_a_field_has_a_label_and_names_its_messages(field: FieldView):
    html = render("field", field=field)
    document = Document(html)
    assert document.open == []
    assert document.references <= set(document.ids)
    if field.derived:
        assert f'name="{field.name}"' not in html
        return
    assert f'name="{field.name}"' in html
    assert f'for="id_{field.name}"' in html or f'aria-labelledby="label-{field.name}"' in html
    assert (f'name="absent-{field.name}"' in html) == bool(field.absent_choices)
    for message in field.errors:
        assert message in html
        assert 'aria-invalid="true"' in html


@pytest.mark.parametrize(
    ("widget", "value", "control"),
    [
        ("text", "x", 'type="text"'),
        ("number", "61.2", 'inputmode="decimal"'),
        ("laboratory", "<0.1", 'value="&lt;0.1"'),
        ("date", "2016-11-12", 'type="date"'),
        ("datetime", "2016-11-12T09:40", 'type="datetime-local"'),
        ("partial-date", "2016-11", 'value="2016-11"'),
        ("textarea", "a <b>", "a &lt;b&gt;</textarea>"),
        ("yesno", True, 'value="true" checked'),
        ("yesno", False, 'value="false" checked'),
        ("radio", "a", 'value="a" checked'),
        ("select", "a", '<option value="a" selected>'),
        ("multiselect", ["a"], 'type="checkbox" name="x" value="a" checked'),
    ],
)
def test_each_widget_shows_its_value(widget: str, value: object, control: str):
    html = render("field", field=FieldView("x", "X", widget, value, choices=(("a", "A"), ("b", "B"))))
    assert control in html
    assert html.count(" checked") + html.count(" selected") <= 1


def test_no_answer_is_neither_yes_nor_no():
    assert " checked" not in render("field", field=FieldView("x", "X", "yesno", None))


def test_units_are_written_as_people_write_them():
    assert "mmHg" in render("field", field=FieldView("x", "X", "number", "", "mm[Hg]"))


@pytest.mark.parametrize(
    ("derived", "unit"), [("24.5", True), ("−3", True), ("<0.1", True), ("weight missing", False)]
)
def test_a_reason_in_place_of_a_derived_value_takes_no_unit(derived: str, unit: bool):
    html = render("field", field=FieldView("bmi", "BMI", unit="kg/m2", derived=derived))
    assert ("kg/m²" in html) == unit


def test_a_step_says_in_words_what_blocks_it():
    html = render("stepper", steps=[Step("Infusion", "blocked", ["Not released.", "No consent."])])
    assert html.count("<li>") == 2
    assert "Blocked" in html


@pytest.mark.parametrize("cell", [None, "", "<b>", 0, 61.2, True])
def test_table_cells_are_escaped_and_never_empty(cell: object):
    html = render("table", caption="T", columns=["A", "B"], rows=[["r", cell]])
    shown = re.search(r"<td>(.*?)</td>", html, re.S)
    assert shown is not None
    assert shown[1].strip()
    assert "<b>" not in html


def test_an_empty_table_says_so():
    html = render("table", caption="T", columns=["A"], rows=[], empty_title="No adverse events")
    assert "No adverse events" in html
    assert "<table" not in html


@pytest.mark.parametrize(
    ("state", "polls"), [("queued", True), ("running", True), ("done", False), ("failed", False)]
)
def test_progress_asks_again_only_while_there_is_something_to_come(state: str, polls: bool):
    html = render("progress", label="Table", done=1, total=3, state=state, poll_url="/jobs/1/progress/")
    assert ("hx-get" in html) == polls
    assert "1 of 3" in html


def test_a_finding_is_explained_where_it_stands():
    finding = samples()["findings"][0]
    assert 'name="explain-7"' in render("finding", finding=finding, explain_name="explain-7")
    posted = render("finding", finding=finding, explain_url="/queries/7/answer/", csrf_token="abc")
    assert 'action="/queries/7/answer/"' in posted
    assert 'value="abc"' in posted


def test_the_banner_of_synthetic_data_is_there_only_when_asked_for():
    assert "SYNTHETIC DATA" in gallery_page()
    assert "SYNTHETIC DATA" not in page("ui/shell.html", {})
