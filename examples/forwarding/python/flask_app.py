import os
from urllib.parse import urlsplit

import requests
from flask import Flask, request
from requests.adapters import HTTPAdapter

from route import forward_route, keep_route

app = Flask(__name__)


@app.before_request
def keep():
    keep_route(request.headers.items())


class ForwardRoute(HTTPAdapter):
    def send(self, request, **options):
        forward_route(urlsplit(request.url).netloc, request.headers)
        return super().send(request, **options)


calls = requests.Session()
calls.mount("http://", ForwardRoute())
calls.mount("https://", ForwardRoute())


def address_of(path):
    return os.environ["OUTSIDE_URL"] if path == "outside" else f"{os.environ['ECHO_URL']}/{path}"


@app.get("/", defaults={"path": ""})
@app.get("/<path:path>")
def front(path):
    return calls.get(address_of(path)).json()


app.run(host=os.environ["HOST"], port=int(os.environ["PORT"]))
