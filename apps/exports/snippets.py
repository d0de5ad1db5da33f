"""Lines to copy into a terminal, R or Python. The token is read from the environment, never written here."""

from __future__ import annotations

from dataclasses import dataclass

VARIABLE = "STUDYPORTAL_TOKEN"


@dataclass(frozen=True)
class Snippet:
    id: str
    label: str
    code: str


def snippets(url: str, key: str) -> list[Snippet]:
    """`url`: the absolute address of the CSV with its filters; `key`: the dataset."""
    name = key.replace("-", "_")
    return [
        Snippet(
            "snippet-curl",
            "curl",
            f'curl --fail --header "Authorization: Token ${VARIABLE}" \\\n     --output {key}.csv "{url}"',
        ),
        Snippet(
            "snippet-r",
            "R",
            "library(httr2)\n"
            f'request("{url}") |>\n'
            f'  req_headers(Authorization = paste("Token", Sys.getenv("{VARIABLE}"))) |>\n'
            f'  req_perform(path = "{key}.csv")\n'
            f'{name} <- read.csv("{key}.csv", na.strings = "", encoding = "UTF-8")',
        ),
        Snippet(
            "snippet-python",
            "Python",
            "import os\nimport pandas as pd\n\n"
            f"{name} = pd.read_csv(\n"
            f'    "{url}",\n'
            f'    storage_options={{"Authorization": "Token " + os.environ["{VARIABLE}"]}},\n'
            '    keep_default_na=False, na_values=[""],\n)',
        ),
    ]
