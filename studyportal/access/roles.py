"""The roles of the study, each a class that can be read aloud. A person holds them through memberships."""

from __future__ import annotations

from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studyportal.access.permissions import Permission


class Role:
    """scope: whether the role is held at one site, for the whole study, or either way."""

    key: str
    label: str | Promise
    purpose: str | Promise
    scope: Literal["site", "study", "both"]
    permissions: frozenset[Permission]


class SiteCoordinator(Role):
    key = "site_coordinator"
    label = _("Site coordinator")
    purpose = _("Registers participants of the site, records consent and enters case report forms.")
    scope = "site"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.VIEW_DATA,
            Permission.VIEW_SCREENING_LOG,
            Permission.REGISTER_PARTICIPANTS,
            Permission.ENTER_DATA,
            Permission.RECORD_CONSENT,
            Permission.HANDLE_PRODUCTS,
            Permission.VIEW_SAFETY,
            Permission.VIEW_APPROVALS,
            Permission.VIEW_CONSENT_DOCUMENTS,
            Permission.VIEW_IDENTITY,
            Permission.EDIT_IDENTITY,
        }
    )


class Investigator(Role):
    key = "investigator"
    label = _("Investigator")
    purpose = _("Answers for the data of the site, releases cell products and views the outcome tables.")
    scope = "site"
    permissions = frozenset(
        SiteCoordinator.permissions
        | {
            Permission.RELEASE_PRODUCTS,
            Permission.MANAGE_DEVIATIONS,
            Permission.REPORT_SAFETY,
            Permission.SIGN_RECORDS,
            Permission.MANAGE_APPROVALS,
            Permission.MANAGE_CONSENT_DOCUMENTS,
            Permission.VIEW_AUDIT_TRAIL,
            Permission.VIEW_MATCHING,
            Permission.VIEW_OUTCOMES,
            Permission.VIEW_DELEGATIONS,
        }
    )


class CellTechnologist(Role):
    key = "cell_technologist"
    label = _("Cell technologist")
    purpose = _("Receives, processes, counts, labels and issues cell products; sees no identities.")
    scope = "site"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.VIEW_DATA,
            Permission.HANDLE_PRODUCTS,
            Permission.VIEW_SAFETY,
        }
    )


class DataManager(Role):
    key = "data_manager"
    label = _("Data manager")
    purpose = _(
        "Watches data quality, manages queries, verifies and locks records, freezes matched sets, and transcribes published cases."
    )
    scope = "both"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.VIEW_DATA,
            Permission.VIEW_SCREENING_LOG,
            Permission.REGISTER_PARTICIPANTS,
            Permission.REGISTER_RETROSPECTIVE,
            Permission.ENTER_DATA,
            Permission.RECORD_CONSENT,
            Permission.HANDLE_PRODUCTS,
            Permission.VIEW_SAFETY,
            Permission.MANAGE_DEVIATIONS,
            Permission.RESOLVE_DUPLICATES,
            Permission.VIEW_APPROVALS,
            Permission.MANAGE_APPROVALS,
            Permission.VIEW_CONSENT_DOCUMENTS,
            Permission.MANAGE_CONSENT_DOCUMENTS,
            Permission.VIEW_MATCHING,
            Permission.FREEZE_MATCHING,
            Permission.MANAGE_QUERIES,
            Permission.VERIFY_SOURCE,
            Permission.LOCK_RECORDS,
            Permission.FREEZE_RECORDS,
            Permission.VIEW_AUDIT_TRAIL,
            Permission.EXPORT_DATA,
            Permission.EXPORT_CODED,
            Permission.VIEW_OUTCOMES,
            Permission.VIEW_DELEGATIONS,
        }
    )


class Statistician(Role):
    key = "statistician"
    label = _("Statistician")
    purpose = _("Proposes matched sets, computes cohort tables and downloads coded datasets; enters nothing.")
    scope = "both"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.EXPORT_DATA,
            Permission.EXPORT_CODED,
            Permission.VIEW_APPROVALS,
            Permission.VIEW_MATCHING,
            Permission.RUN_MATCHING,
            Permission.RUN_OUTCOMES,
            Permission.VIEW_OUTCOMES,
            Permission.VIEW_SAFETY_TABLES,
            Permission.RUN_SAFETY_TABLES,
        }
    )


class EthicsAuditor(Role):
    key = "ethics_auditor"
    label = _("Ethics auditor")
    purpose = _("Reads the consent log, its findings and the audit trail; changes nothing.")
    scope = "both"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.VIEW_SCREENING_LOG,
            Permission.VIEW_APPROVALS,
            Permission.VIEW_CONSENT_DOCUMENTS,
            Permission.VIEW_CONSENT_LOG,
            Permission.VIEW_FINDINGS,
            Permission.VIEW_SAFETY,
            Permission.VIEW_AUDIT_TRAIL,
            Permission.VIEW_DELEGATIONS,
        }
    )


class MonitoringCommittee(Role):
    key = "monitoring_committee"
    label = _("Data monitoring committee")
    purpose = _(
        "Reads the safety tables and their listings by code, by group where it decides to; enters nothing and opens no participant's records."
    )
    scope = "study"
    permissions = frozenset(
        {
            Permission.VIEW_PROTOCOL,
            Permission.VIEW_SAFETY_TABLES,
            Permission.RUN_SAFETY_TABLES,
            Permission.UNMASK_SAFETY_TABLES,
        }
    )


class Administrator(Role):
    key = "administrator"
    label = _("Administrator")
    purpose = _("Manages users, sites and memberships; sees no participant data.")
    scope = "study"
    permissions = frozenset({Permission.VIEW_PROTOCOL, Permission.VIEW_DELEGATIONS, Permission.MANAGE_USERS})


ROLES: dict[str, type[Role]] = {
    role.key: role
    for role in (
        SiteCoordinator,
        Investigator,
        CellTechnologist,
        DataManager,
        Statistician,
        MonitoringCommittee,
        EthicsAuditor,
        Administrator,
    )
}


def roles_with(permission: Permission) -> frozenset[str]:
    """Keys of the roles that hold the permission."""
    return frozenset(key for key, role in ROLES.items() if permission in role.permissions)


AT_SITES = tuple(key for key, role in ROLES.items() if role.scope != "study")
STUDY_WIDE = tuple(key for key, role in ROLES.items() if role.scope != "site")
ONLY_STUDY_WIDE = frozenset(ROLES) - frozenset(AT_SITES)
