"""Every sentence that people read can be translated: the source is searched for sentences that nobody marked.

Pure code says its sentences by `said`, everything else by gettext, templates by `translate` and `blocktranslate`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SOURCES = sorted(
    path
    for top in ("studyportal", "apps")
    for path in (ROOT / top).rglob("*.py")
    if "migrations" not in path.parts and "management" not in path.parts
)
TEMPLATES = sorted(
    path for top in ("studyportal", "apps") for path in (ROOT / top).rglob("templates/**/*.html")
)

# Call → where its words stand: position, and name.
SAYS = {
    "Problem": (2, "message"),
    "Finding": (2, "message"),
    "NotDerivable": (0, "why"),
    "Breach": (1, "description"),
    "Found": (1, "description"),
    "success": (1, "message"),
    "error": (1, "message"),
    "warning": (1, "message"),
    "info": (1, "message"),
    "add_message": (2, "message"),
}
OF_MESSAGES = {"success", "error", "warning", "info", "add_message"}


def named(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def bare(words: ast.expr) -> bool:
    """Whether a literal text is shown, and not what a function made of it."""
    match words:
        case ast.Constant(value=str(text)):
            return bool(re.search("[A-Za-z]", text))
        case ast.JoinedStr(values=parts):
            return any(bare(part) for part in parts if isinstance(part, ast.Constant))
        case ast.BinOp(left=left, right=right):
            return bare(left) or bare(right)
        case ast.IfExp(body=one, orelse=other):
            return bare(one) or bare(other)
        case ast.BoolOp(values=values):
            return any(bare(one) for one in values)
    return False


def unmarked_calls(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        owner = getattr(getattr(function, "value", None), "id", "")
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if name not in SAYS or (name in OF_MESSAGES) != (owner == "messages"):
            continue
        place, key = SAYS[name]
        given = [node.args[place]] if len(node.args) > place else []
        given += [one.value for one in node.keywords if one.arg == key]
        yield from (one.lineno for one in given if bare(one))


def test_what_refuses_asks_or_tells_is_marked_for_translation() -> None:
    found = [
        named(path, line) for path in SOURCES for line in unmarked_calls(ast.parse(path.read_text("utf-8")))
    ]
    assert found == [], "Say these by said(…) in pure code, by gettext elsewhere."


def test_the_search_finds_what_it_should() -> None:
    source = 'Problem("a", "b", f"{x} is wrong")\nFinding("a", "b", "Is it?" if x else said("No?"))\nNotDerivable(said("x"))'
    assert list(unmarked_calls(ast.parse(source))) == [1, 2]
    assert list(unmarked_calls(ast.parse('logger.error("x %s", y); messages.error(request, "Wrong")'))) == [1]


PURE = [
    path
    for path in SOURCES
    if {"rules", "checks", "lifecycle", "rules.py", "checks.py"} & set(path.parts)
    and not (
        path.name == "checks.py" and "studyportal" in path.relative_to(ROOT).parts
    )  # of Django, for who runs it
]
SENTENCE = re.compile(r"[A-Z“].*\s.*[.?!]", re.DOTALL)


def sentences(tree: ast.AST) -> Iterator[int]:
    """Literal sentences outside of `said`, docstrings, and what programmers are told (raise, assert)."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Raise | ast.Assert) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            inner = [node]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"said", "_", "gettext"}:
            inner = list(node.args)
        passed |= {id(one) for part in inner for one in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.fullmatch(node.value):
            yield node.lineno
        elif isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "“…”" for part in node.values
            )
            if SENTENCE.fullmatch(text) and re.search("[a-z]{3}", text):
                yield node.lineno


def test_no_sentence_of_pure_code_is_a_bare_literal() -> None:
    found = [named(path, line) for path in PURE for line in sentences(ast.parse(path.read_text("utf-8")))]
    assert found == []


def test_the_words_of_a_sentence_are_named_as_they_are_given() -> None:
    """A template and its params agree wherever both are literal: what `said` would raise only when it is reached."""
    wrong = []
    for path in SOURCES:
        source = path.read_text("utf-8")
        if not re.search(r"from studyportal.words import .*\bsaid\b", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "said" and node.args):
                continue
            template = node.args[0]
            if not (isinstance(template, ast.Constant) and isinstance(template.value, str)):
                wrong.append(
                    f"{named(path, node.lineno)}: the template is no literal, so nobody can translate it"
                )
                continue
            asked = set(re.findall(r"%\((\w+)\)", template.value))
            given = {one.arg for one in node.keywords}
            if None not in given and asked != given:
                wrong.append(f"{named(path, node.lineno)}: {sorted(asked ^ given)}")
    assert wrong == []


# --- templates --------------------------------------------------------------------------------------------

COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", re.DOTALL)
BLOCK = re.compile(r"{%-?\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%}", re.DOTALL)
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
UNREAD = {"script", "style", "code", "kbd", "pre", "svg"}
SHOWN_ATTRIBUTES = {"title", "aria-label", "placeholder", "alt"}
# Names, signs and codes that are the same in every language.
# "wide" is the value of a block, "MUM" an example of a code.
SAME_EVERYWHERE = {
    "wide",
    "MUM",
    "StudyPortal",
    "min",
    "px",
    "ISBT",
    "SHA",
    "CSV",
    "PDF",
    "API",
    "NDJSON",
    "JSON",
    "MVCC",
    "ID",
    "QR",
}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in UNREAD
        self.found += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.found.append(data)


def words_in(template: str) -> list[str]:
    bare_html = TAG.sub(" ", BLOCK.sub(" ", COMMENT.sub(" ", template)))
    parser = _Text()
    parser.feed(bare_html)
    words = (word for text in parser.found for word in re.findall(r"[A-Za-z]{2,}", text))
    return [word for word in words if word not in SAME_EVERYWHERE]


def test_the_search_of_templates_finds_what_it_should() -> None:
    assert words_in('<p title="Why">{% translate "x" %} Save <code>abc</code> {{ name }}</p>') == [
        "Why",
        "Save",
    ]
    assert words_in("{% blocktranslate %}All of <b>it</b>{% endblocktranslate %}{# not read #}") == []


# The element itself is chosen by a tag (`<{% if url %}a{% else %}span{% endif %}`), which this search cannot read; the
# gallery is a page for who builds the portal.
NOT_SEARCHED = {"consent_chip.html", "field_aria.html", "grid_cell.html", "table.html", "gallery.html"}


@pytest.mark.parametrize(
    "path",
    [one for one in TEMPLATES if one.name not in NOT_SEARCHED],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_text_of_a_template_is_bare(path: Path) -> None:
    assert words_in(path.read_text("utf-8")) == []


def test_the_catalogue_finds_what_pure_code_says() -> None:
    """The command knows the name `said`: without it the sentences of rules would never reach a translator."""
    from studyportal.ui.management.commands.makemessages import Command

    assert "--keyword=said:1" in Command.xgettext_options
