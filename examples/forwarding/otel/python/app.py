# Knows nothing of routes, and nothing of OpenTelemetry either: the command loads it.
import os

import requests
from flask import Flask

app = Flask(__name__)


@app.get("/", defaults={"path": ""})
@app.get("/<path:path>")
def front(path):
    address = os.environ["OUTSIDE_URL"] if path == "outside" else f"{os.environ['ECHO_URL']}/{path}"
    return requests.get(address).json()


app.run(host=os.environ["HOST"], port=int(os.environ["PORT"]))
