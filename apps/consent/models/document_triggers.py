"""What the database itself refuses of the register: nothing of an approved document changes, whoever asks.

The actions refuse all of this first, in words. This stands under them, for raw SQL and for what is written later.
"""

from __future__ import annotations

from typing import Any

import pgtrigger

# Columns that the one allowed change of an approved document, its withdrawal, may touch.
_WITHDRAWAL = "ARRAY['state', 'withdrawn_from', 'withdrawn_because', 'version', 'updated_at']"

DOCUMENT_IS_FINAL: dict[str, Any] = {
    "name": "approved_is_final",
    "operation": pgtrigger.Update | pgtrigger.Delete,
    "when": pgtrigger.Before,
    "func": f"""
        IF OLD.state = 'draft' THEN
            IF TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            IF NEW.state = 'withdrawn' THEN
                RAISE EXCEPTION 'consent document %: a draft is not withdrawn', OLD.id;
            END IF;
            IF NEW.state = 'approved' AND (
                NOT EXISTS (SELECT 1 FROM consent_consentdocumenttext t WHERE t.document_id = NEW.id)
                OR EXISTS (
                    SELECT 1 FROM consent_consentdocumenttext t
                    WHERE t.document_id = NEW.id AND (t.approved_at IS NULL OR t.file_id IS NULL)
                )
            ) THEN
                RAISE EXCEPTION 'consent document %: each language is approved with its file', OLD.id;
            END IF;
            RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' AND OLD.state = 'approved' AND NEW.state = 'withdrawn'
            AND to_jsonb(NEW) - {_WITHDRAWAL} = to_jsonb(OLD) - {_WITHDRAWAL} THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'consent document %: what is approved does not change', OLD.id;
    """,
}

# The share lock waits for an approval under way, so that no language slips in beside it.
TEXT_IS_FINAL: dict[str, Any] = {
    "name": "approved_is_final",
    "operation": pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    "when": pgtrigger.Before,
    "declare": [("owner", "record")],
    "func": """
        IF TG_OP <> 'INSERT' THEN
            SELECT d.state, d.site_id INTO owner FROM consent_consentdocument d WHERE d.id = OLD.document_id FOR SHARE;
            IF owner.state IS DISTINCT FROM 'draft' THEN
                RAISE EXCEPTION 'text of consent document %: what is approved does not change', OLD.document_id;
            END IF;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        SELECT d.state, d.site_id INTO owner FROM consent_consentdocument d WHERE d.id = NEW.document_id FOR SHARE;
        IF owner.state IS DISTINCT FROM 'draft' THEN
            RAISE EXCEPTION 'text of consent document %: what is approved does not change', NEW.document_id;
        END IF;
        IF owner.site_id IS DISTINCT FROM NEW.site_id THEN
            RAISE EXCEPTION 'text of consent document %: it belongs to the site of its document', NEW.document_id;
        END IF;
        RETURN NEW;
    """,
}
