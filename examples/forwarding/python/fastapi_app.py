import os

import httpx
import uvicorn
from fastapi import FastAPI

from route import forward_route, keep_route


class KeepRoute:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] in ("http", "websocket"):
            keep_route((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        await self.app(scope, receive, send)


async def add_route(call):
    forward_route(call.url.netloc.decode(), call.headers)


app = FastAPI()
app.add_middleware(KeepRoute)
client = httpx.AsyncClient(event_hooks={"request": [add_route]}, follow_redirects=True)


def address_of(path):
    return os.environ["OUTSIDE_URL"] if path == "outside" else f"{os.environ['ECHO_URL']}/{path}"


@app.get("/{path:path}")
async def front(path: str):
    return (await client.get(address_of(path))).json()


uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), log_level="warning")
