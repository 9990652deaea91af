"""What goes along with every answer."""

from collections.abc import MutableMapping

_POLICY_HEADER = "Content-Security-Policy"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "whereis",
}


def add_headers(headers: MutableMapping[str, str]) -> None:
    """Add what goes along; an answer that has a policy of its own keeps it."""
    headers.setdefault(_POLICY_HEADER, _POLICY)
    headers.update(_HEADERS)
