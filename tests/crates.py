"""Whether a folder is a valid RO-Crate, by rocrate-validator, without the network."""

import json
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from warnings import catch_warnings, simplefilter

from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

TERMS = "https://w3id.org/ro/crate/1.1/context"
"""Where the validator looks for the meaning of RO-Crate's words."""
YOUNGER = ("sha256",)
"""Words that RO-Crate 1.1 does not have, and the younger version that the library rocrate brings along does."""


class _Shipped(HTTPAdapter):
    """Answers as the web would, with the terms that the library rocrate brings along."""

    def send(self, request, **_):
        assert request.url == TERMS
        shipped = json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))["@context"]
        terms = {"@context": {name: uri for name, uri in shipped.items() if name not in YOUNGER}}
        body = BytesIO(json.dumps(terms).encode())
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(body, headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


def prepare(cache: Path) -> None:
    """Fill the validator's cache of the web with the one page that it needs."""
    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as web:
        web.mount("https://", _Shipped())
        assert web.get(TERMS).ok


def failed(crate: Path, cache: Path, severity: Severity = Severity.REQUIRED) -> dict[str, list[str]]:
    """What is wrong with a crate, by the name of the check: the entities that fail it."""
    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="process-run-crate",
        requirement_severity=severity,
        offline=True,
        cache_path=cache,
    )
    with catch_warnings():
        simplefilter("ignore", DeprecationWarning)  # of the libraries that it is made of
        issues = validate(settings).get_issues(severity)
    found: dict[str, list[str]] = {}
    for issue in issues:
        found.setdefault(issue.check.name, []).append(str(issue.violatingEntity))
    return found
