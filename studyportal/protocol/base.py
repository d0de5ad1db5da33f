"""What every part of the protocol is made of: frozen models, frozen keyed collections, checked scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError, core_schema

from .units import is_known_unit, loinc_problem


class HasKey(Protocol):
    @property
    def key(self) -> str: ...


V = TypeVar("V")


class FrozenMapping(Mapping[str, V], Generic[V]):
    """A read-only, ordered, hashable, picklable mapping. In the protocol file it is written as a mapping."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        object.__setattr__(self, "_items", dict(items or {}))

    def __getitem__(self, key: str) -> V:
        items: dict[str, V] = self._items  # type: ignore[attr-defined]
        try:
            return items[key]
        except KeyError:
            raise KeyError(
                f"{key!r} is not in the protocol; known here: {', '.join(items) or 'nothing'}"
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self._items  # type: ignore[attr-defined]

    def get(self, key: str, default: Any = None) -> Any:
        return self._items.get(key, default)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self._items)  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            "the protocol cannot be changed while the portal runs; change its file and restart"
        )

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __copy__(self) -> FrozenMapping[V]:
        return self

    def __deepcopy__(self, memo: object) -> FrozenMapping[V]:
        return self

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        (item,) = get_args(source)
        inner = core_schema.dict_schema(core_schema.str_schema(), handler.generate_schema(item))
        return core_schema.no_info_after_validator_function(
            cls,
            inner,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, serialise: serialise(dict(value)), schema=inner
            ),
        )


class Keyed(FrozenMapping[V]):
    """Things by their `key`, in the order of the file, where they are written as a list."""

    __slots__ = ()

    @classmethod
    def of(cls, things: Any) -> Keyed[Any]:
        by_key: dict[str, Any] = {}
        for thing in things:
            if thing.key in by_key:
                raise PydanticCustomError(
                    "duplicate_key",
                    "the key {key} is used twice in this list; keys are unique",
                    {"key": thing.key},
                )
            by_key[thing.key] = thing
        return cls(by_key)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        (item,) = get_args(source)
        inner = core_schema.list_schema(handler.generate_schema(item))
        return core_schema.no_info_after_validator_function(
            cls.of,
            inner,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, serialise: serialise(list(value.values())), schema=inner
            ),
        )


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise PydanticCustomError("number", "a number is expected, written without quotes")
    return value


def _unit(value: str) -> str:
    if not is_known_unit(value):
        raise PydanticCustomError(
            "unit",
            "{unit} is not a unit that the portal knows; write the UCUM code or add it to units.py",
            {"unit": repr(value)},
        )
    return value


def _loinc(value: str) -> str:
    problem = loinc_problem(value)
    if problem:
        raise PydanticCustomError("loinc", "{problem}", {"problem": problem})
    return value


Number = Annotated[Decimal, BeforeValidator(_number, json_schema_input_type=float)]
Days = StrictInt
PositiveInt = Annotated[StrictInt, Field(ge=1)]
NaturalInt = Annotated[StrictInt, Field(ge=0)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
FormKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Ucum = Annotated[Text, AfterValidator(_unit)]
Loinc = Annotated[Text, AfterValidator(_loinc)]


class Frozen(BaseModel):
    """Immutable; unknown keys are refused, so that a misspelt one is never silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Sourced(Frozen):
    """A value with where it comes from. `configurable`: a working default, not checked against a primary source."""

    source: Text
    configurable: bool = False
