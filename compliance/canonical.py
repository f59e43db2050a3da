"""The one byte form of JSON (as in RFC 8785) that digests are made of."""

from __future__ import annotations

import hashlib
import json
from typing import Any

# Made once: a check of the audit trail encodes every event there is.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def canonical(content: Any) -> bytes:
    """JSON with sorted keys and without spaces, in UTF-8."""
    # A stored text is hashed as it is, whatever it holds.
    return _ENCODER.encode(content).encode(errors="surrogatepass")


def digest_of(content: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(content)).hexdigest()
