"""By which names evload may be called: a page of a stranger can give its own name evload's address (DNS rebinding)."""

from collections.abc import Iterable
from ipaddress import ip_address

from evload.api.answers.cache import Headers

MAX_REMEMBERED = 200
MAX_HOST_BYTES = 300


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class Hosts:
    """Bound to loopback, evload is called by that or by a name that is allowed; else by any name, unless some are."""

    def __init__(self, bound_to: str, allowed: Iterable[str]) -> None:
        self._is_local = is_loopback(bound_to)
        self._allowed = frozenset(name.lower() for name in allowed)
        self._is_checked = self._is_local or bool(self._allowed)
        self._judged: dict[bytes, bool] = {}

    def serve(self, headers: Headers) -> bool:
        """Whether a request with these headers was meant for evload. No browser leaves out `Host`."""
        return not self._is_checked or all(self._is_served(value) for name, value in headers if name == b"host")

    def _is_served(self, host: bytes) -> bool:
        found = self._judged.get(host)
        if found is None:
            found = self._is_ours(_name(host.decode("latin-1")))
            if len(self._judged) >= MAX_REMEMBERED:
                self._judged.clear()
            if len(host) <= MAX_HOST_BYTES:
                self._judged[host] = found
        return found

    def _is_ours(self, name: str) -> bool:
        if name == "localhost" or name in self._allowed:
            return True
        return is_loopback(name) if self._is_local else is_address(name)


def _name(host: str) -> str:
    """Leaves out the port, and the brackets of IPv6."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
