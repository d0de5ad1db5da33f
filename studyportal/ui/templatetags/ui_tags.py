"""Template tags for what an include would say clumsily."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studyportal.ui.icons import ICONS
from studyportal.ui.states import TONE_ICONS, State, state_of

register = template.Library()

NARROW_SPACE = "\u202f"
NOTHING = "—"
PARTIAL_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")
AGE = re.compile(r"age:(?P<age>\d+(?:\.\d+)?)")


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# UCUM codes that people write otherwise. Source: the Unified Code for Units of Measure, table of print symbols.
UNIT_WORDS: dict[str, str | Promise] = {"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "[lb_av]": "lb", "[in_i]": "in", "ug": "µg", "uL": "µL", "umol": "µmol", "[IU]": "IU", "m[IU]": "mIU",
              "u[IU]": "µIU", "a": gettext_lazy("years"), "mo": gettext_lazy("months"), "wk": gettext_lazy("weeks"), "d": gettext_lazy("days"), "1": ""}  # fmt: skip
UNIT_PART = re.compile(r"10\*(-?\d+)|(?<=[A-Za-z])(-?[23])(?![\w])|\{([^}]*)\}")


def human_unit_text(ucum: str) -> str:
    """A UCUM code as people write it: `kg/m2` → `kg/m²`, `mm[Hg]` → `mmHg`, `10*6/kg` → `10⁶/kg`."""
    code = str(ucum or "")
    if code in UNIT_WORDS:
        return str(UNIT_WORDS[code])

    def spell(found: re.Match[str]) -> str:
        power, exponent, note = found.groups()
        if power is not None:
            return "10" + power.translate(SUPERSCRIPTS)
        return exponent.translate(SUPERSCRIPTS) if exponent is not None else " " + note.replace("_", " ")

    parts = re.split(r"([./])(?![^{]*})", code)
    short = {key: str(word) for key, word in UNIT_WORDS.items() if key not in {"a", "mo", "wk", "d", "1"}}
    spelled = [UNIT_PART.sub(spell, short.get(part, part)) for part in parts]
    return (
        "".join("·" if part == "." else part for part in spelled)
        .replace("· ", " ")
        .replace("/ ", "/")
        .strip()
    )


@register.filter
def human_unit(ucum: str) -> str:
    return human_unit_text(ucum)


def human_date_text(value: Any) -> str:
    """A date as people read it: "12 Nov 2016", "Nov 2016", "2016", "age 12"; a moment with its local time, which
    is the site's; "UTC" is said where no site's zone is in use.

    Takes date, datetime, or anything whose `str()` is a partial date (`2016-11`, `age:12`). None and "" give
    a dash; any other text is returned unchanged.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        said = date_format(local, "j M Y, H:i")
        if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            # The clocks went back over this time: which of the two it is.
            return f"{said} (UTC{local.isoformat()[-6:]})"
        return f"{said} UTC" if local.tzinfo is not None and local.tzname() == "UTC" else said
    if isinstance(value, date):
        return date_format(value, "j M Y")
    text = str(value)
    if (age := AGE.fullmatch(text)) is not None:
        return _("age %(age)s") % {"age": age["age"]}
    if (found := PARTIAL_DATE.fullmatch(text)) is None:
        return text
    try:
        day = date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    except ValueError:
        return text
    return date_format(day, "j M Y" if found["day"] else "M Y" if found["month"] else "Y")


@register.filter(name="human_date_text")
def human_date_text_filter(value: Any) -> str:
    """As `human_date`, without an element around it: for titles and attributes."""
    return human_date_text(value)


# By which road a change came.
ROADS = {
    "page": gettext_lazy("page"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("import"),
    "job": gettext_lazy("job"),
    "command": gettext_lazy("command"),
    "database": gettext_lazy("database, outside the portal"),
}


@register.filter
def road(source: Any) -> str:
    """The road of a change in words; one that is not known stays as it is."""
    return str(ROADS.get(str(source), source or ""))


@register.filter
def human_date(value: Any) -> SafeString:
    text = human_date_text(value)
    if isinstance(value, datetime | date):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)
    return conditional_escape(text)


@register.filter
def shown(value: Any) -> Any:
    """A value as a person reads it: yes and no in words, dates with month names, a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date | datetime) or hasattr(value, "precision"):
        return human_date(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return value


@register.simple_tag
def quantity(value: Any, unit: str = "", decimals: int | None = None) -> SafeString:
    """A number with its unit, kept on one line; a dash for None."""
    if value is None or value == "":
        return format_html('<span class="muted">{}</span>', NOTHING)
    text = str(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        text = number_format(value, decimal_pos=decimals, use_l10n=False, force_grouping=False)
    unit = human_unit_text(unit)
    if not unit:
        return format_html('<span class="quantity">{}</span>', text)
    gap = "" if unit in {"%", "°"} else NARROW_SPACE
    return format_html('<span class="quantity">{}{}<span class="unit">{}</span></span>', text, gap, unit)


@register.simple_tag
def icon(name: str, text: str = "") -> SafeString:
    """An icon; with `text` it is read aloud, without it is decoration."""
    path = ICONS.get(str(name), ICONS["circle"])
    if text:
        return format_html(
            '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" role="img" '
            'aria-label="{}"><path d="{}"/></svg>',
            text,
            path,
        )
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" aria-hidden="true" '
        'focusable="false"><path d="{}"/></svg>',
        path,
    )


@register.filter
def state(key: Any) -> State:
    return state_of(key)


@register.filter
def tone_icon(tone: str) -> str:
    return TONE_ICONS.get(str(tone), "circle")


@register.filter
def item(sequence: Any, index: int) -> Any:
    """The element at an index, or None beyond the end (the columns of a table and its cells)."""
    try:
        return sequence[index]
    except (IndexError, KeyError, TypeError):
        return None


@register.filter
def is_cell(value: Any) -> bool:
    """Whether a table cell is a `Cell` (or its like) rather than a bare value."""
    return hasattr(value, "text") and hasattr(value, "detail")


@register.filter
def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


@register.filter
def begins_with_number(value: Any) -> bool:
    """Whether a derived text is a number: a reason such as "weight missing" takes no unit."""
    return re.match(r"[<>≤≥\u2212-]?\s*\d", str(value)) is not None


@register.filter
def shortcut_keys(value: str) -> str:
    """`Alt+S` as ARIA writes it in `aria-keyshortcuts`: the same words, without spaces."""
    return str(value).replace(" ", "")


@register.filter
def joined(values: Any, separator: str = "|") -> str:
    if isinstance(values, str):
        return values
    return separator.join("true" if v is True else "false" if v is False else str(v) for v in values)


@register.simple_tag
def attributes(mapping: Mapping[str, Any] | None = None) -> SafeString:
    """HTML attributes from a mapping: True gives the bare name, None and False leave it out."""
    pairs = [
        (name, value) for name, value in (mapping or {}).items() if value is not None and value is not False
    ]
    bare = format_html_join("", " {}", ((name,) for name, value in pairs if value is True))
    valued = format_html_join("", ' {}="{}"', ((name, value) for name, value in pairs if value is not True))
    return mark_safe(bare + valued)


@register.simple_tag(takes_context=True)
def query_string(context: Context, **changes: Any) -> str:
    """The query string of this request with replacements; None removes. Begins with "?"."""
    request = context.get("request")
    if request is None:
        from django.http import QueryDict

        query = QueryDict(mutable=True)
    else:
        query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        elif isinstance(value, list | tuple):
            query.setlist(name, [str(part) for part in value])
        else:
            query[name] = value
    return "?" + query.urlencode()


@register.simple_block_tag(takes_context=True)
def card(
    context: Context, content: str, title: str = "", url: str = "", tone: str = "", footer: str = ""
) -> str:
    """`{% card title="…" %}…{% endcard %}`: the card component around content."""
    return get_template("ui/components/card.html").render(
        {"title": title, "url": url, "tone": tone, "footer": footer, "content": content}
    )
