"""YAML → plain values, remembering the line of each, so that every error can name it. Pure.

Stricter than YAML allows: duplicate keys, anchors and tags are refused; only `true` and `false` are booleans (a site
called `NO` stays a string); decimals stay exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

Loc = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")
_DECIMAL = re.compile(r"^[-+]?(0|[1-9][0-9]*)?\.?[0-9]+([eE][-+]?[0-9]+)?$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge")
)


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with the file: line (from 1), place in it, and the reason with its remedy."""

    line: int
    loc: Loc
    reason: str


@dataclass(slots=True)
class Source:
    """The plain values, the line of every place, and what is wrong already."""

    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def line_of(self, loc: Loc) -> int:
        """Of the deepest known place on the way to `loc`; parts that are no place in the file are skipped."""
        here: Loc = ()
        for part in loc:
            if (*here, part) in self.lines:
                here = (*here, part)
        return self.lines.get(here, 1)

    def place_of(self, loc: Loc) -> Loc:
        """`loc` without the parts that the schema adds (names of alternatives)."""
        here: Loc = ()
        for index, part in enumerate(loc):
            last = index == len(loc) - 1
            if (*here, part) in self.lines or (last and not isinstance(part, int)):
                here = (*here, part)
        return here


def read(text: str) -> Source:
    """Never raises for what is in the text: every fault is in `.issues`."""
    source = Source()
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        source.issues.append(Issue(mark.line + 1 if mark else 1, (), f"not valid YAML: {reason}"))
        return source
    except yaml.YAMLError as error:  # unreadable characters: no mark
        source.issues.append(Issue(1, (), f"not valid YAML: {' '.join(str(error).split())}"))
        return source
    if root is None:
        source.issues.append(Issue(1, (), "the file is empty"))
        return source
    _Reader(source).value(root, ())
    if not source.issues:
        source.data = _plain(root)
    return source


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()

    def fault(self, node: yaml.Node, loc: Loc, reason: str) -> None:
        self.source.issues.append(Issue(node.start_mark.line + 1, loc, reason))

    def value(self, node: yaml.Node, loc: Loc) -> None:
        if id(node) in self.seen:
            self.fault(node, loc, "a YAML anchor is used again here (*name): write the value out")
            return
        self.seen.add(id(node))
        self.source.lines.setdefault(loc, node.start_mark.line + 1)
        if node.tag not in _PLAIN_TAGS:
            self.fault(node, loc, f"the tag {node.tag} is not allowed here: write a plain value")
        if isinstance(node, yaml.MappingNode):
            self.mapping(node, loc)
        elif isinstance(node, yaml.SequenceNode):
            self.sequence(node, loc)
        else:
            try:
                _scalar(node)
            except ValueError:
                self.fault(node, loc, f"{node.value} is not a date of the calendar")

    def mapping(self, node: yaml.MappingNode, loc: Loc) -> None:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(key_node, loc, "a key must be a plain word")
                continue
            name = str(key_node.value)
            if name in first:
                self.fault(
                    key_node,
                    (*loc, name),
                    f"the key {name!r} is given twice (first in line {first[name]}); keep one",
                )
                continue
            first[name] = line
            self.source.lines[(*loc, name)] = line
            self.value(value_node, (*loc, name))

    def sequence(self, node: yaml.SequenceNode, loc: Loc) -> None:
        keys: dict[str, int] = {}
        for index, item in enumerate(node.value):
            self.value(item, (*loc, index))
            if isinstance(item, yaml.MappingNode):
                for key_node, value_node in item.value:
                    if key_node.value == "key" and isinstance(value_node, yaml.ScalarNode):
                        name, line = value_node.value, value_node.start_mark.line + 1
                        if name in keys:
                            self.fault(
                                value_node,
                                (*loc, index, "key"),
                                f"the key {name!r} is used twice in this list (first in line {keys[name]});"
                                " keys are unique",
                            )
                        keys.setdefault(name, line)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    if getattr(node, "style", None):  # quoted or a block: always text
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text):
        return int(text)
    if _DATE.match(text):
        return date.fromisoformat(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return text
