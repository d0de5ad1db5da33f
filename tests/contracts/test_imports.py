"""Doors between the clinical apps: only these modules of an app are imported by another app.

The directions themselves are held by import-linter (pyproject.toml).
"""

import grimp
import pytest

# `rules` are pure: values in, values out, so they may be asked from anywhere above.
# `rows` show an app's records in lists elsewhere.
DOORS = {"models", "selectors", "actions", "crfs", "frames", "signals", "rules", "rows"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("apps", "studyportal", "config", cache_dir=None)


def app_of(module: str) -> tuple[str, str]:
    """`apps.labs.models.results` → (`labs`, `models`)."""
    parts = module.split(".")
    return parts[1], parts[2] if len(parts) > 2 else ""


def test_apps_meet_only_at_their_doors(graph: grimp.ImportGraph):
    trespasses = []
    for importer in graph.find_descendants("apps"):
        for imported in graph.find_modules_directly_imported_by(importer):
            if not imported.startswith("apps."):
                continue
            (here, _), (there, door) = app_of(importer), app_of(imported)
            if here != there and door not in DOORS:
                trespasses.append(f"{importer} imports {imported}")
    assert not trespasses, (
        "Move what is shared behind models, selectors, actions, crfs, frames, rules, rows or signals:\n"
        + "\n".join(sorted(trespasses))
    )


def test_the_embedded_servers_stand_on_their_own(graph: grimp.ImportGraph):
    for module in graph.find_descendants("studyportal.embedded"):
        for imported in graph.find_modules_directly_imported_by(module):
            assert imported.startswith("studyportal.embedded"), f"{module} imports {imported}"
