"""The form about the person, as far as a coded record may say it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.audit import tracked
from studyportal.crf.fields import CodedField, CountField, TextField, YesNoField
from studyportal.crf.models import CrfRecord


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    INTERSEX = "intersex", _("Intersex")


class AgeBasis(models.TextChoices):
    BIRTH_DATE = "birth_date", _("From the birth date")
    STATED = "stated", _("As stated by the source, birth date not seen")
    ESTIMATED = "estimated", _("Estimated")


class Country(models.TextChoices):
    INDIA = "IN", _("India")
    BANGLADESH = "BD", _("Bangladesh")
    BHUTAN = "BT", _("Bhutan")
    NEPAL = "NP", _("Nepal")
    SRI_LANKA = "LK", _("Sri Lanka")
    OTHER = "other", _("Other")


class HomeState(models.TextChoices):
    """States and union territories of India. No district: with age and sex it would point at one person."""

    ANDAMAN_NICOBAR = "andaman_nicobar", _("Andaman and Nicobar Islands")
    ANDHRA_PRADESH = "andhra_pradesh", _("Andhra Pradesh")
    ARUNACHAL_PRADESH = "arunachal_pradesh", _("Arunachal Pradesh")
    ASSAM = "assam", _("Assam")
    BIHAR = "bihar", _("Bihar")
    CHANDIGARH = "chandigarh", _("Chandigarh")
    CHHATTISGARH = "chhattisgarh", _("Chhattisgarh")
    DADRA_DAMAN = "dadra_daman", _("Dadra and Nagar Haveli and Daman and Diu")
    DELHI = "delhi", _("Delhi")
    GOA = "goa", _("Goa")
    GUJARAT = "gujarat", _("Gujarat")
    HARYANA = "haryana", _("Haryana")
    HIMACHAL_PRADESH = "himachal_pradesh", _("Himachal Pradesh")
    JAMMU_KASHMIR = "jammu_kashmir", _("Jammu and Kashmir")
    JHARKHAND = "jharkhand", _("Jharkhand")
    KARNATAKA = "karnataka", _("Karnataka")
    KERALA = "kerala", _("Kerala")
    LADAKH = "ladakh", _("Ladakh")
    LAKSHADWEEP = "lakshadweep", _("Lakshadweep")
    MADHYA_PRADESH = "madhya_pradesh", _("Madhya Pradesh")
    MAHARASHTRA = "maharashtra", _("Maharashtra")
    MANIPUR = "manipur", _("Manipur")
    MEGHALAYA = "meghalaya", _("Meghalaya")
    MIZORAM = "mizoram", _("Mizoram")
    NAGALAND = "nagaland", _("Nagaland")
    ODISHA = "odisha", _("Odisha")
    PUDUCHERRY = "puducherry", _("Puducherry")
    PUNJAB = "punjab", _("Punjab")
    RAJASTHAN = "rajasthan", _("Rajasthan")
    SIKKIM = "sikkim", _("Sikkim")
    TAMIL_NADU = "tamil_nadu", _("Tamil Nadu")
    TELANGANA = "telangana", _("Telangana")
    TRIPURA = "tripura", _("Tripura")
    UTTAR_PRADESH = "uttar_pradesh", _("Uttar Pradesh")
    UTTARAKHAND = "uttarakhand", _("Uttarakhand")
    WEST_BENGAL = "west_bengal", _("West Bengal")


class Setting(models.TextChoices):
    URBAN = "urban", _("Town or city")
    RURAL = "rural", _("Village")


class Education(models.TextChoices):
    NONE = "none", _("No schooling")
    PRIMARY = "primary", _("Primary school")
    SECONDARY = "secondary", _("Secondary school")
    HIGHER_SECONDARY = "higher_secondary", _("Higher secondary school")
    GRADUATE = "graduate", _("Graduate or above")


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    HINDI = "hi", _("Hindi")
    MARATHI = "mr", _("Marathi")
    GUJARATI = "gu", _("Gujarati")
    TAMIL = "ta", _("Tamil")
    TELUGU = "te", _("Telugu")
    KANNADA = "kn", _("Kannada")
    MALAYALAM = "ml", _("Malayalam")
    BENGALI = "bn", _("Bengali")
    PUNJABI = "pa", _("Punjabi")
    ODIA = "or", _("Odia")
    ASSAMESE = "as", _("Assamese")
    URDU = "ur", _("Urdu")
    NEPALI = "ne", _("Nepali")
    OTHER = "other", _("Other")


class Occupation(models.TextChoices):
    STUDENT = "student", _("At school or in training")
    EMPLOYED = "employed", _("Employed")
    SELF_EMPLOYED = "self_employed", _("Self-employed or farming")
    HOMEMAKER = "homemaker", _("Works at home")
    NOT_WORKING = "not_working", _("Not working")
    OTHER = "other", _("Other")


@tracked
class Demographics(CrfRecord):
    """Who the participant is, as far as a coded record may say it."""

    sex = CodedField(_("Sex"), codes=Sex, loinc="46098-0")
    age_at_enrolment = CountField(_("Age at enrolment"), unit="a", minimum=0, maximum=110, loinc="30525-0")
    age_basis = CodedField(_("How the age is known"), codes=AgeBasis)
    country = CodedField(_("Country of residence"), codes=Country)
    country_other = TextField(_("Which country"), max_length=60)
    home_state = CodedField(_("State of residence"), codes=HomeState, required=False)
    setting = CodedField(_("Lives in"), codes=Setting, required=False)
    education = CodedField(_("Education"), codes=Education, required=False, loinc="82589-3")
    occupation = CodedField(_("Occupation"), codes=Occupation, required=False)
    language = CodedField(_("Language read best"), codes=Language, required=False)
    language_other = TextField(_("Which language"), max_length=60)
    can_read = YesNoField(
        _("Can read the consent document himself or herself"),
        required=False,
        help_text=_("No: an impartial witness signs with this participant."),
    )
    witness_needed = YesNoField(_("An impartial witness signs with this participant"), derived=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("demographics")
        verbose_name_plural = _("demographics")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["participant"],
                name="demographics_once",
                violation_error_message=_("This participant already has demographics; change those."),
            ),
        ]
