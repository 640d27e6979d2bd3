"""Says what time the clock says. Python standard library; the route goes on by hand, and the trace comes back by hand."""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def carried(headers):
    return {n: v for n, v in headers.items() if "route" in n.lower() or n.lower() == "baggage"}


def ask(url, headers):
    try:
        return urlopen(Request(url, headers=carried(headers)), timeout=5)
    except HTTPError as refusal:
        return refusal  # An answer too, and it names who is down.


class Greeter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, "ok")
        with ask(os.environ["CLOCK_URL"], self.headers) as clock:
            said = clock.read().decode()
            hops = clock.headers.get_all("x-route-trace", [])
        self.answer(clock.status, f"Hello, it is {said.strip()}\n" if clock.status == 200 else said, hops)

    def answer(self, status, text, hops=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        for hop in hops:
            self.send_header("x-route-trace", hop)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Greeter).serve_forever()
