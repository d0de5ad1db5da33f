"""What a person may do. One flat list: a permission is asked for by its name and held through a role."""

from enum import StrEnum


class Permission(StrEnum):
    # Anyone, signed in or not: only sign-in, health and static descriptions.
    PUBLIC = "public"
    # Anyone signed in: one's own account, jobs and tokens.
    SIGNED_IN = "signed_in"

    VIEW_DATA = "data.view"
    REGISTER_PARTICIPANTS = "participants.register"
    REGISTER_RETROSPECTIVE = "participants.register_retrospective"
    ENTER_DATA = "data.enter"
    RECORD_CONSENT = "consent.record"
    RELEASE_PRODUCTS = "products.release"
    MANAGE_QUERIES = "queries.manage"

    VIEW_CONSENT_LOG = "consent.view_log"
    VIEW_FINDINGS = "oversight.view_findings"
    VIEW_AUDIT_TRAIL = "audit.view"

    EXPORT_DATA = "data.export"
    RUN_OUTCOMES = "outcomes.run"
    VIEW_OUTCOMES = "outcomes.view"

    VIEW_PROTOCOL = "protocol.view"
    MANAGE_USERS = "users.manage"
