"""The front as the web wants it: people upload lists, and over slower lines."""

from serving.worker import FrontWorker

BODY_BYTES = 16 * 1024 * 1024


class WebWorker(FrontWorker):
    """A front that gives a request time to arrive once it has begun."""

    begun_seconds = 30.0
    body_bytes = BODY_BYTES
    memory_bytes = 8 * BODY_BYTES
