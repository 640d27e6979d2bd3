"""Says what time the clock says. Python standard library; the route headers go on by hand."""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen


class Greeter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        text = "ok" if self.path == "/healthz" else f"Hello, it is {self.ask_the_clock()}\n"
        body = text.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ask_the_clock(self):
        route = {name: value for name, value in self.headers.items() if "route" in name.lower()}
        with urlopen(Request(os.environ["CLOCK_URL"], headers=route), timeout=5) as answer:
            return answer.read().decode().strip()

    def log_message(self, *_):
        pass


ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Greeter).serve_forever()
