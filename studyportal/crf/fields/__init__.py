"""Field classes of case report forms: each carries type, unit, codes, limits and meaning.

A field is declared once, on the model. What parses typed text and JSON, what the export writes and what
the dictionary says all come from here. In the database each is an ordinary nullable column.
"""

from studyportal.crf.fields.answers import CodedField, MultiCodedField, NoteField, TextField, YesNoField
from studyportal.crf.fields.base import CrfField, Sensitivity
from studyportal.crf.fields.clock import ClockField
from studyportal.crf.fields.dates import DayField, MomentField, PartialDateField
from studyportal.crf.fields.measures import CountField, LaboratoryValueField, QuantityField
from studyportal.crf.fields.rows import RowsField, RowsInvalid

__all__ = [
    "ClockField",
    "CodedField",
    "CountField",
    "CrfField",
    "DayField",
    "LaboratoryValueField",
    "MomentField",
    "MultiCodedField",
    "NoteField",
    "PartialDateField",
    "QuantityField",
    "RowsField",
    "RowsInvalid",
    "Sensitivity",
    "TextField",
    "YesNoField",
]
