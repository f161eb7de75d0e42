"""HTML and Markdown items: sanitized in the kernel, and learned from their visible text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

from hitl_widgets.errors import HitlError, InvalidInput, missing_extra
from hitl_widgets.items.base import Payload, Size, broken, sendable
from hitl_widgets.items.text import Text

__all__ = ["KINDS", "Markup", "address_host", "check_hosts", "sanitise", "visible_text"]

GLIMPSE_CHARACTERS = 1_000

CHARACTERS = 200_000
MARKDOWN_CHARACTERS = 20_000
# The time to sanitize deeply nested elements grows with the square of their number.
MOST_TAGS = 5_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words(
    "a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main "
    "mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody "
    "td tfoot th thead time tr u ul var wbr"
)
# The content of these elements is removed too.
SILENT = _words(
    "applet audio canvas embed frame frameset head iframe math noembed noframes noscript object option "
    "script select style svg template textarea title video xmp"
)
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "bdo": {"dir"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"http", "https", "mailto", "data"}
LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
# What is not text in a source: comments, silent elements, tags and references; in Markdown, addresses too.
_TAG = r"</?[a-zA-Z!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
_SILENT = rf"<({'|'.join(sorted(SILENT - {'embed', 'frame'}))})\b.*?(?:</\1\s*>|\Z)"
_HTML = rf"<!--.*?(?:-->|\Z)|{_SILENT}|{_TAG}|&#?\w+;?"
_MARKDOWN = (
    rf"{_TAG}|&#?\w+;|<[a-z+.-]+:[^<>\s]*>|\]\([^)]*\)|\]\[[^\]]*\]|^ {{0,3}}\[[^\]]+\]:.*$"
    r"|^ {0,3}(?:`{3}|~{3}).*$|^\s*\d+[.)](?=\s)"
)
MARKED = {
    "html": re.compile(_HTML, re.IGNORECASE | re.DOTALL),
    "markdown": re.compile(_MARKDOWN, re.IGNORECASE | re.MULTILINE),
}
DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
# Stricter than any browser, so that both parse the same host.
ADDRESS = re.compile(r"https://([a-z0-9.-]+)(?::443)?(?:[/?#][^\s\\]*)?", re.IGNORECASE)
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
SVG_SAFE = " <>='/:;,()"
BREAKS = _words(
    "address article aside blockquote br caption center dd details div dl dt figcaption figure footer h1 "
    "h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table td th tr ul"
)


class Markup(Text):
    """HTML or Markdown: displayed without active content, otherwise treated as text."""

    def __init__(self, name: str) -> None:
        self.name = name

    def claims(self, values: Sequence[Any]) -> bool:  # noqa: ARG002 - any text may be Markdown
        """Return False: markup must be requested with ``kind=``."""
        return False

    def read(self, values: Sequence[Any], what: str) -> list[str]:
        """Return the sources as texts; raise HitlError if the required packages are missing."""
        _need(self.name)
        return super().read(values, what)

    def payload(self, item: str, size: Size) -> Payload:
        """Return sanitized HTML or, for a glimpse, its visible text."""
        clean, cut = sanitise(self.name, sendable(item), size.hosts)
        text = visible_text(clean)
        if not text:
            return broken("This item has no text.")
        if size.glimpse:
            return Payload({"kind": "text", "text": text[:GLIMPSE_CHARACTERS]})
        hosts = list(size.hosts)
        content = {"kind": "markup", "html": clean, "text": text[:GLIMPSE_CHARACTERS], "hosts": hosts}
        return Payload(content | ({"cut": cut} if cut else {}))

    def words(self, item: str) -> str:
        """Return the visible text."""
        return visible_text(sanitise(self.name, item)[0])

    def marked(self, item: str) -> list[tuple[int, int]]:
        """Return the parts of a source that are not text, such as tags and addresses, in order."""
        return [match.span() for match in MARKED[self.name].finditer(item)]

    def tags(self, item: str) -> list[str]:
        """Return the tags that are displayed, with their attributes."""
        reader = _Reader()
        reader.feed(sanitise(self.name, item)[0])
        reader.close()
        return reader.tags


def _need(kind: str) -> None:
    try:
        import nh3  # noqa: F401

        if kind == "markdown":
            import markdown_it  # noqa: F401
    except ImportError as error:
        raise HitlError(missing_extra(f"{kind}=", str(error.name), "html")) from error


def check_hosts(hosts: Any) -> tuple[str, ...]:
    """Check ``remote_images=``: host names, exactly as they appear in a URL.

    Raises
    ------
    InvalidInput
        If a host is a URL, a pattern or anything else that is not a host name.
    """
    if hosts is None:
        return ()
    if isinstance(hosts, str) or not isinstance(hosts, Iterable):
        raise InvalidInput(f"remote_images={hosts!r}: expected a list, such as ['images.example.org'].")
    named = tuple(hosts)
    for host in named:
        if not isinstance(host, str) or not HOST.fullmatch(host.lower()):
            raise InvalidInput(
                f"remote_images= contains {host!r}: expected host names without scheme, port, path or *, "
                "such as 'images.example.org'. List each host that images may be loaded from."
            )
    return tuple(dict.fromkeys(host.lower() for host in named))


def address_host(address: str) -> str | None:
    """Return the host of an https URL that every browser parses in the same way, else None."""
    found = ADDRESS.fullmatch(address.strip())
    return found[1].lower() if found else None


def sanitise(kind: str, source: str, hosts: Iterable[str] = ()) -> tuple[str, int]:
    """Return HTML without scripts, styles, forms and embeds, and the number of characters left out.

    Parameters
    ----------
    kind
        Language of ``source``: ``"html"`` or ``"markdown"``.
    source
        The item. Anything beyond 200,000 characters (Markdown: 20,000) or 5,000 tags is left out.
    hosts
        Hosts that images may be loaded from by https. Other images are replaced by a notice.
    """
    import nh3

    if kind == "markdown":
        cut = max(0, len(source) - MARKDOWN_CHARACTERS)
        html = _head(_markdown().render(source[:MARKDOWN_CHARACTERS]))
    else:
        html = _head(source)
        cut = len(source) - len(html)
    clean = nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(SILENT),
        attributes=ATTRIBUTES,
        attribute_filter=functools.partial(_attribute, frozenset(hosts)),
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        # The frame may not open windows, so such a link does nothing.
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return clean, cut


def visible_text(html: str) -> str:
    """Return the text of sanitized HTML, one line for each block."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(self.get_starttag_text() or tag)
        if tag == "img":
            self.parts.append(f" {dict(attrs).get('alt') or '[image]'} ")
        elif tag in BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")
        if tag in BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data.replace("\n", " "))


@functools.cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _head(html: str) -> str:
    parts = html[:CHARACTERS].split("<", MOST_TAGS + 1)
    return "<".join(parts[: MOST_TAGS + 1])


def _attribute(hosts: frozenset[str], _tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value.strip() if LINK.match(value.strip()) else None
    if name == "src":
        return _source(value, hosts)
    return value


def _source(address: str, hosts: frozenset[str]) -> str | None:
    if DATA_IMAGE.fullmatch(address):
        return address
    host = address_host(address)
    if host in hosts:
        return address.strip()
    return _notice(f"image not shown: {host or _host_roughly(address)}")


def _host_roughly(address: str) -> str:
    """Return the host as written, for display only: nothing is loaded from it."""
    try:
        host = urlsplit(address.strip().replace("\\", "/")).hostname
    except ValueError:
        host = None
    return (host or "not a web address").encode("ascii", "backslashreplace").decode()[:60]


def _notice(words: str) -> str:
    """Return a small SVG image of a text, readable on light and dark backgrounds."""
    width = 7 * len(words) + 24
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='28'>"
        f"<rect x='.5' y='.5' width='{width - 1}' height='27' rx='6' fill='none' stroke='#808080' "
        "stroke-opacity='.5' stroke-dasharray='4 3'/><text x='50%' y='18' text-anchor='middle' "
        f"font-family='system-ui,sans-serif' font-size='12' fill='#808080'>{escape(words)}</text></svg>"
    )
    return f"data:image/svg+xml,{quote(svg, safe=SVG_SAFE)}"


KINDS = (Markup("html"), Markup("markdown"))
