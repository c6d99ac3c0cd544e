"""Visitors (访问者): a secret in a cookie, and the name of the folder that belongs to it.

The secret never leaves the browser and the server's memory. The folder's name is made from it and
does not give it away, so that whoever lists the folders cannot pass for anybody.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

COOKIE = "simkaohe-visitor"
LANGUAGE = "simkaohe-language"
YEAR = 365


def secret_of(cookie: str | None) -> str:
    """Return the visitor's secret, or a new one for somebody who has none."""
    known = cookie is not None and re.fullmatch(r"[\w-]{43}", cookie, re.ASCII)
    return str(cookie) if known else secrets.token_urlsafe(32)


def folder_of(secret: str) -> str:
    """Return the name of the visitor's folder."""
    return hashlib.sha256(f"simkaohe {secret}".encode()).hexdigest()[:32]


def language_of(wishes: Iterable[str | None], headers: Mapping[str, Any]) -> str:
    """Return ``zh`` or ``en``: the first wish that is one of them, else what the browser says."""
    for wish in wishes:
        if wish in ("zh", "en"):
            return str(wish)
    return "zh" if "zh" in str(headers.get("Accept-Language", "zh"))[:12].lower() else "en"
