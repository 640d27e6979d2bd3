"""Recommends what is not in the cart yet. Python's standard library only.

There is no library for routes here, and none is needed. What a service must do by hand:
  1. forward every x-*route* header, and baggage, to whatever it calls;
  2. when asked to trace, hand on the x-route-trace of the answers it got.
"""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "VERSION"), encoding="utf-8") as file:
    VERSION = file.read().strip()
SELF = {
    "service": os.environ.get("COCKTAIL_SERVICE", "recommendation-service"),
    "variant": os.environ.get("COCKTAIL_VARIANT", "alone"),
    "version": VERSION,
}
CATALOG = [
    {"sku": "jigger", "title": "Japanese jigger", "priceCents": 1200},
    {"sku": "shaker", "title": "Boston shaker", "priceCents": 3900},
    {"sku": "spoon", "title": "Bar spoon", "priceCents": 990},
    {"sku": "muddler", "title": "Walnut muddler", "priceCents": 1650},
]
MAX_ROUTES = 200
# An inherited HTTP_PROXY must not catch calls to the neighbours.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

visits = {}
visits_lock = threading.Lock()


def carried(headers):
    """What goes along with every call: all lines of each x-*route* header and of baggage."""
    names = {name.lower() for name in headers.keys()}
    wanted = [n for n in names if n == "baggage" or (n.startswith("x-") and "route" in n)]
    return {name: ", ".join(headers.get_all(name)) for name in wanted}


def route_of(headers):
    parts = [", ".join(headers.get_all("x-service-route", []))]
    environment = ", ".join(headers.get_all("x-source-route", []))
    if environment:
        parts.append("environment=" + environment)
    if headers.get("x-route-mode") == "strict":
        parts.append("mode=strict")
    return ";".join(parts).lstrip(";")


def call(url, headers):
    """GET as JSON; also the trace of the hops behind it, and who the gateway says answered."""
    request = urllib.request.Request(url, headers=carried(headers))
    with OPENER.open(request, timeout=5) as response:
        return json.load(response), trace_of(response), response.headers.get("x-route-served")


def trace_of(response):
    return ", ".join(response.headers.get_all("x-route-trace", []))


def recommend(headers):
    """What the cart doesn't hold. Without a cart service, everything."""
    answered_by = [SELF]
    base = os.environ.get("CART_SERVICE_URL")
    in_cart, trace = set(), ""
    if base is not None:
        cart, trace, served = call(base.rstrip("/") + "/cart", headers)
        in_cart = {item["sku"] for item in cart["items"]}
        cart["answeredBy"][0].update({"served": served} if served else {})
        answered_by = answered_by + cart["answeredBy"]
    items = [item for item in CATALOG if item["sku"] not in in_cart]
    return {"items": items, "answeredBy": answered_by}, trace


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "recommendation-service"
    timeout = 30
    # Head and body are written apart: with Nagle's algorithm the body would wait for the client's delayed ACK.
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {"ok": True})
        if self.path == "/version":
            return self.answer(200, SELF)
        if self.path == "/visits":
            with visits_lock:
                seen = [{"route": route, "count": count} for route, count in visits.items()]
            return self.answer(200, {**SELF, "visits": seen})
        if self.path != "/recommendations":
            return self.answer(404, {"title": "NotFound", "status": 404, "detail": self.path})
        self.count()
        try:
            body, trace = recommend(self.headers)
        except urllib.error.HTTPError as error:
            return self.refuse(error)
        except (OSError, ValueError, KeyError, TypeError) as error:
            detail = "cart-service: %s" % error
            return self.answer(502, {"title": "Unreachable", "status": 502, "detail": detail})
        return self.answer(200, body, trace)

    def count(self):
        route = route_of(self.headers)
        with visits_lock:
            if route not in visits and len(visits) >= MAX_ROUTES:
                route = "others"
            visits[route] = visits.get(route, 0) + 1

    def refuse(self, error):
        """What the gateway says of the cart goes on word for word: it names the variant."""
        try:
            problem = json.load(error)
        except ValueError:
            detail = "cart-service answered %d" % error.code
            problem = {"title": "Refused", "status": error.code, "detail": detail}
        return self.answer(error.code, problem, trace_of(error))

    def answer(self, status, body, trace=""):
        data = json.dumps(body).encode()
        self.send_response(status)
        kind = "application/json" if status < 400 else "application/problem+json"
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        if trace and self.headers.get("x-route-trace", "").strip().lower() == "on":
            self.send_header("x-route-trace", trace)
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code="-", size="-"):
        if self.path not in ("/healthz", "/visits"):
            code = getattr(code, "value", code)
            print(("GET %s %s %s" % (self.path, code, route_of(self.headers))).strip(), flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "0")))
    server = Server(address, Handler)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    host, port = server.server_address[:2]
    name = "{service}:{variant} {version}".format(**SELF)
    print("%s listens on http://%s:%d" % (name, host, port), flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
