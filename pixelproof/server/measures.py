"""What the server counts, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """Counters of one server."""

    def __init__(self, waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("pixelproof_requests", "Requests by HTTP status", ["status"], registry=self.registry)
        self.photos = Counter("pixelproof_photos", "Photos by outcome", ["outcome"], registry=self.registry)
        self.seconds = Histogram("pixelproof_request_seconds", "Time of a request", registry=self.registry)
        sizes = (1, 2, 4, 8, 16, 32, 64)
        self.batches = Histogram("pixelproof_batch_photos", "Photos of a batch", buckets=sizes, registry=self.registry)
        Gauge("pixelproof_waiting_photos", "Photos in work", registry=self.registry).set_function(waiting)
