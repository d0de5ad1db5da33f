"""What a person may do. One flat list: a permission is asked for by its name and held through a role."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    # Anyone, signed in or not: only sign-in, health and static descriptions.
    PUBLIC = "public"
    # Anyone signed in: one's own account, jobs and tokens.
    SIGNED_IN = "signed_in"

    VIEW_DATA = "data.view"
    # Everyone screened, also those who never became participants.
    VIEW_SCREENING_LOG = "screening.view"
    REGISTER_PARTICIPANTS = "participants.register"
    REGISTER_RETROSPECTIVE = "participants.register_retrospective"
    ENTER_DATA = "data.enter"
    RECORD_CONSENT = "consent.record"
    # From the harvest to the bedside: the forms of a product, its labels, hand-overs and identity readings.
    HANDLE_PRODUCTS = "products.handle"
    RELEASE_PRODUCTS = "products.release"
    MANAGE_QUERIES = "queries.manage"
    SIGN_RECORDS = "records.sign"
    # Review after entry: compared with the source, closed for changes, a whole visit or the study frozen.
    VERIFY_SOURCE = "records.verify"
    LOCK_RECORDS = "records.lock"
    FREEZE_RECORDS = "records.freeze"

    # Name, birth date, contact, hospital number: held by the staff of one site, never study-wide.
    VIEW_IDENTITY = "identity.view"
    EDIT_IDENTITY = "identity.edit"

    # Whether two participants are one person; shows codes of two sites, never who they are.
    RESOLVE_DUPLICATES = "identity.resolve_duplicates"

    # What allows a site to enrol: committees, regulator, registry.
    VIEW_APPROVALS = "approvals.view"
    MANAGE_APPROVALS = "approvals.manage"

    # The register of information sheets and consent forms.
    VIEW_CONSENT_DOCUMENTS = "consent_documents.view"
    MANAGE_CONSENT_DOCUMENTS = "consent_documents.manage"

    VIEW_CONSENT_LOG = "consent.view_log"
    VIEW_FINDINGS = "oversight.view_findings"
    VIEW_AUDIT_TRAIL = "audit.view"

    EXPORT_DATA = "data.export"
    # With dates and free text; without it a file holds days from Day 0 and no text.
    EXPORT_CODED = "data.export_coded"
    RUN_OUTCOMES = "outcomes.run"
    VIEW_OUTCOMES = "outcomes.view"

    # What went wrong: deviations, near misses, reports of serious events and their clocks.
    VIEW_SAFETY = "safety.view"
    MANAGE_DEVIATIONS = "deviations.manage"
    REPORT_SAFETY = "safety.report"
    # Tables for the data monitoring committee; without the last, groups are masked.
    VIEW_SAFETY_TABLES = "safety_tables.view"
    RUN_SAFETY_TABLES = "safety_tables.run"
    UNMASK_SAFETY_TABLES = "safety_tables.unmask"

    # Matched sets: proposed by who analyses, frozen by who answers for the data.
    VIEW_MATCHING = "matching.view"
    RUN_MATCHING = "matching.run"
    FREEZE_MATCHING = "matching.freeze"

    VIEW_PROTOCOL = "protocol.view"
    VIEW_DELEGATIONS = "delegations.view"
    MANAGE_USERS = "users.manage"

    @property
    def label(self) -> str | Promise:
        """What it allows, in words."""
        return WORDS[self]


WORDS: dict[Permission, str | Promise] = {
    Permission.PUBLIC: _("see public pages"),
    Permission.SIGNED_IN: _("sign in"),
    Permission.VIEW_DATA: _("see participants and their records"),
    Permission.VIEW_SCREENING_LOG: _("read the screening log"),
    Permission.REGISTER_PARTICIPANTS: _("screen, register and enrol participants"),
    Permission.REGISTER_RETROSPECTIVE: _("register published cases"),
    Permission.ENTER_DATA: _("enter forms"),
    Permission.RECORD_CONSENT: _("record consent"),
    Permission.HANDLE_PRODUCTS: _("handle cell products"),
    Permission.RELEASE_PRODUCTS: _("release cell products"),
    Permission.MANAGE_QUERIES: _("manage queries"),
    Permission.SIGN_RECORDS: _("sign records"),
    Permission.VERIFY_SOURCE: _("verify records against their source"),
    Permission.LOCK_RECORDS: _("lock and unlock records"),
    Permission.FREEZE_RECORDS: _("freeze visits and the study"),
    Permission.VIEW_IDENTITY: _("see who a participant is"),
    Permission.EDIT_IDENTITY: _("record who a participant is"),
    Permission.RESOLVE_DUPLICATES: _("settle possible duplicates between sites"),
    Permission.VIEW_APPROVALS: _("see the approvals of sites"),
    Permission.MANAGE_APPROVALS: _("record the approvals of sites"),
    Permission.VIEW_CONSENT_DOCUMENTS: _("see consent documents"),
    Permission.MANAGE_CONSENT_DOCUMENTS: _("keep the register of consent documents"),
    Permission.VIEW_CONSENT_LOG: _("read the consent log"),
    Permission.VIEW_FINDINGS: _("see consent findings"),
    Permission.VIEW_AUDIT_TRAIL: _("read the audit trail"),
    Permission.EXPORT_DATA: _("download datasets"),
    Permission.EXPORT_CODED: _("download dates and free text"),
    Permission.RUN_OUTCOMES: _("compute outcome tables"),
    Permission.VIEW_OUTCOMES: _("see outcome tables"),
    Permission.VIEW_SAFETY: _("see deviations, near misses and safety reports"),
    Permission.MANAGE_DEVIATIONS: _("settle deviations"),
    Permission.REPORT_SAFETY: _("report serious events"),
    Permission.VIEW_SAFETY_TABLES: _("see safety tables"),
    Permission.RUN_SAFETY_TABLES: _("compute safety tables"),
    Permission.UNMASK_SAFETY_TABLES: _("see safety tables by group"),
    Permission.VIEW_MATCHING: _("see matched sets"),
    Permission.RUN_MATCHING: _("propose matched sets"),
    Permission.FREEZE_MATCHING: _("freeze matched sets"),
    Permission.VIEW_PROTOCOL: _("see the protocol"),
    Permission.VIEW_DELEGATIONS: _("read the delegation log"),
    Permission.MANAGE_USERS: _("manage users and sites"),
}

# Those that change rows of participants: the second wall writes only for who holds one.
CHANGES_ROWS: frozenset[Permission] = frozenset(
    {
        Permission.REGISTER_PARTICIPANTS,
        Permission.REGISTER_RETROSPECTIVE,
        Permission.ENTER_DATA,
        Permission.RECORD_CONSENT,
        Permission.HANDLE_PRODUCTS,
        Permission.RELEASE_PRODUCTS,
        Permission.MANAGE_DEVIATIONS,
        Permission.REPORT_SAFETY,
        Permission.MANAGE_QUERIES,
        Permission.SIGN_RECORDS,
        Permission.VERIFY_SOURCE,
        Permission.LOCK_RECORDS,
        Permission.FREEZE_RECORDS,
        Permission.RESOLVE_DUPLICATES,
        Permission.MANAGE_APPROVALS,
        Permission.MANAGE_CONSENT_DOCUMENTS,
        Permission.FREEZE_MATCHING,
    }
)

# Those that change anything. A read-only token holds none of them.
WRITING: frozenset[Permission] = CHANGES_ROWS | {
    Permission.EDIT_IDENTITY,
    Permission.RUN_OUTCOMES,
    Permission.RUN_SAFETY_TABLES,
    Permission.RUN_MATCHING,
    Permission.MANAGE_USERS,
}

# Those that show rows of single participants.
READING: frozenset[Permission] = frozenset(
    {
        Permission.VIEW_DATA,
        Permission.VIEW_IDENTITY,
        Permission.VIEW_SCREENING_LOG,
        Permission.VIEW_APPROVALS,
        Permission.VIEW_CONSENT_DOCUMENTS,
        Permission.VIEW_CONSENT_LOG,
        Permission.VIEW_FINDINGS,
        Permission.VIEW_AUDIT_TRAIL,
        Permission.VIEW_SAFETY,
        Permission.RUN_SAFETY_TABLES,
        Permission.VIEW_MATCHING,
        Permission.RUN_MATCHING,
        Permission.EXPORT_DATA,
        Permission.EXPORT_CODED,
        Permission.RUN_OUTCOMES,
    }
)
