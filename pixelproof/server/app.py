"""The server's routes."""

import base64
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.inference.classifier import Answer, Classifier
from pixelproof.server.answering import Answering, Explained
from pixelproof.server.limits import Limits, RefusedError
from pixelproof.server.measures import Measures
from pixelproof.server.requests import FORMS, only, photos_in

BODY = {
    "requestBody": {
        "description": FORMS,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"photos": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"photos": {"type": "array", "items": {"type": "string", "format": "byte"}}},
                }
            },
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def create_app(classifier: Classifier, limits: Limits, name: str) -> FastAPI:
    """Return the server of a model, which answers show by that name."""
    answering = Answering(classifier, limits)
    measures = Measures(lambda: answering.waiting)
    preprocessing = classifier.preprocessing

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with quiet_pillow(limits.megapixels):
            answering.batcher.start()
            yield
            await answering.stop()

    app = FastAPI(title="Pixelproof", summary=f"Which class photos are of, by {name}.", lifespan=lifespan)

    async def measured(answer: Awaitable[Response]) -> Response:
        began = time.perf_counter()
        try:
            response = await answer
        except RefusedError as refused:
            response = JSONResponse({"error": refused.reason}, refused.status, refused.headers)
        measures.requests.labels(str(response.status_code)).inc()
        measures.seconds.observe(time.perf_counter() - began)
        return response

    async def answered(request: Request) -> Response:
        answers = await answering.answer(await photos_in(request, limits))
        _count(measures, answers, answering.sizes)
        return _response(name, answers)

    async def explained(request: Request) -> Response:
        answer, evidence = await answering.explain(*only(await photos_in(request, limits)))
        _count(measures, [answer], answering.sizes)
        return _with_evidence(name, answer, evidence)

    @app.post("/predict", openapi_extra=BODY)
    async def predict(request: Request) -> Response:
        """Answer one photo or several; each that cannot be read gets its reason, with status 422 if none can."""
        return await measured(answered(request))

    @app.post("/explain", openapi_extra=BODY)
    async def explain(request: Request) -> Response:
        """Answer one photo, with a picture of where the network saw signs of that class.

        `picture` is the data URL of a PNG: the photo in grey, and in orange what spoke for the answer; `method` is
        gradcam, or occlusion (blue: what spoke against it) where the network has no maps.
        """
        return await measured(explained(request))

    @app.get("/health")
    async def health() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> dict[str, Any]:
        """The model is loaded; what it takes and gives."""
        return {"status": "ready", "model": name, "classes": preprocessing.classes, "limits": asdict(limits)}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(files("pixelproof.server").joinpath("page.html").read_text("utf-8"))

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        """Log it here; whoever asked learns no path and no line of code."""
        logging.error("a request failed", exc_info=error)
        measures.requests.labels("500").inc()
        return JSONResponse({"error": "the server failed on this request; its log has the reason"}, 500)

    return app


def _response(name: str, answers: list[Answer]) -> JSONResponse:
    status = 422 if all(answer.error for answer in answers) else 200
    return JSONResponse({"model": name, "answers": [vars(answer) for answer in answers]}, status)


def _with_evidence(name: str, answer: Answer, evidence: Explained | None) -> JSONResponse:
    if evidence is None:
        return JSONResponse({"model": name, **vars(answer)}, 422)
    picture = f"data:image/png;base64,{base64.b64encode(evidence.png).decode()}"
    return JSONResponse({"model": name, **vars(answer), "method": evidence.method, "picture": picture})


def _count(measures: Measures, answers: list[Answer], sizes: list[int]) -> None:
    for answer in answers:
        measures.photos.labels("refused" if answer.error else "answered").inc()
    while sizes:
        measures.batches.observe(sizes.pop())
