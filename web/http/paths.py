"""Which address may be gone to after a detour: a page of ours, never another site."""

from urllib.parse import urlsplit


def local_path(text: str | None) -> str | None:
    """The text if it is the path of a page of ours, with its query; else None.

    Shape: browsers read `//host`, `/\\host` and blanks inside as another site.
    """
    if not text or not text.startswith("/") or len(text) > 2000:
        return None
    if "\\" in text or any(ord(each) <= 0x20 or ord(each) == 0x7F for each in text):
        return None
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or text.startswith("//"):
        return None
    return text
