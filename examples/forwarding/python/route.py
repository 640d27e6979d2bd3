import os
from contextvars import ContextVar

HOSTS = set(os.environ.get("COCKTAIL_HOSTS", "").split(","))
current = ContextVar("route", default={})


def keep_route(headers):
    """Keeps the route of a request, given its headers as pairs, for the code that answers it."""
    pairs = [(name.lower(), value) for name, value in headers]
    current.set({name: value for name, value in pairs if "route" in name or name == "baggage"})


def forward_route(host, headers):
    """Adds it to a call to one of the cocktail's own hosts. A redirect copied it: takes it away from any other."""
    for name, value in current.get().items():
        if host in HOSTS:
            headers.setdefault(name, value)
        else:
            headers.pop(name, None)
