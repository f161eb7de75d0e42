"""HTML and Markdown items: sanitising, text extraction, and permitted images."""

from __future__ import annotations

import builtins
import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items import markup
from hitl_widgets.items.base import Payload, Size, kind_of
from hitl_widgets.items.markup import address_host, check_hosts, sanitise, visible_text
from hitl_widgets.maps.preparation import build_features
from hitl_widgets.session import Session

MARKUP = tuple(kind.name for kind in markup.KINDS)


def payload(kind: str, item: str, **how: Any) -> Payload:
    return kind_of(kind).payload(item, Size(**how))


EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<a href='javascript:alert(1)'>a</a>",
    "<a href=' java\tscript:alert(1)'>a</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
    "<a href='vbscript:x' onclick=alert(1) style='x:y' id=a class=b>a</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=//evil.example><input autofocus onfocus=alert(1)><button formaction=x>go</button></form>",
    "<style>@import 'x'</style><link rel=stylesheet href=x><base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<object data=x></object><embed src=x><video src=x poster=x></video><audio src=x autoplay></audio>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "<template><script>alert(1)</script></template>",
    "<img srcset='https://evil.example/a 1x' src='https://evil.example/a' loading=eager>",
    "<p style='background:url(https://evil.example/b)' background=https://evil.example/c>p</p>",
    "<!--[if true]><script>alert(1)</script><![endif]-->",
    "<xmp><script>alert(1)</script></xmp><plaintext><script>",
]


class Seen(HTMLParser):
    """The parts that a browser would find in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def check(html: str) -> None:
    seen = Seen(html)
    assert seen.tags <= markup.TAGS
    for tag, name, value in seen.attributes:
        allowed = markup.ATTRIBUTES["*"] | markup.ATTRIBUTES.get(tag, set())
        assert name in allowed | ({"rel", "target"} if tag == "a" else set())
        if name == "href":
            assert re.match(r"(https?://|mailto:)", value, re.IGNORECASE)
        if name == "src":
            assert value.startswith("data:image/")


@pytest.mark.parametrize("kind", MARKUP)
@pytest.mark.parametrize("evil", EVIL)
def test_nothing_is_left_that_runs_styles_submits_or_loads(kind: str, evil: str) -> None:
    clean, _ = sanitise(kind, f"before {evil} after")
    check(clean)
    assert "before" in visible_text(clean)


@given(
    st.lists(st.sampled_from(EVIL) | ANY_TEXT | st.sampled_from(list("<>'\"/=`[]()!*_|&#-\n")), max_size=12)
)
def test_whatever_is_put_together_is_made_harmless_and_stays_so(parts: list[str]) -> None:
    for kind in MARKUP:
        made = payload(kind, "".join(parts))
        if made.content["kind"] == "markup":
            check(made.content["html"])
            check(sanitise("html", made.content["html"])[0])


def test_what_a_person_reads_stays() -> None:
    html = "<h1>Title</h1><p>One <b>two</b>&amp;<br>three</p><ul><li>a<li>b</ul><pre>x = 1</pre>"
    clean, cut = sanitise("html", html)
    assert Seen(clean).tags == {"h1", "p", "b", "br", "ul", "li", "pre"}
    assert (visible_text(clean), cut) == ("Title\nOne two&\nthree\na\nb\nx = 1", 0)
    clean, _ = sanitise("markdown", "# Title\n\n**two** ~~gone~~ <b>no tag</b>\n\n|a|\n|-|\n|1|")
    assert {"h1", "p", "strong", "s", "table", "td"} <= Seen(clean).tags
    assert visible_text(clean) == "Title\ntwo gone <b>no tag</b>\na\n1"


def test_a_link_keeps_its_address_and_leads_nowhere() -> None:
    clean, _ = sanitise("html", "<a href='https://a.example/x' rel=opener target=_top>a</a>")
    found = {(name, value) for _, name, value in Seen(clean).attributes}
    assert found == {
        ("href", "https://a.example/x"),
        ("rel", "noopener noreferrer nofollow"),
        ("target", "_blank"),
    }


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ok.example/a.png", True),
        ("https://OK.example:443/a.png?x=1&y=2#z", True),
        ("https://ok.example", True),
        ("http://ok.example/a.png", False),
        ("//ok.example/a.png", False),
        ("https://ok.example:8443/a.png", False),
        ("https://sub.ok.example/a.png", False),
        ("https://ok.example.evil.example/a.png", False),
        ("https://evil.example\\@ok.example/a.png", False),
        ("https://evil.example@ok.example/a.png", False),
        ("https://ok.example@evil.example/a.png", False),
        ("https:ok.example/a.png", False),
        ("https://ok.example\t.evil.example/a.png", False),
        ("https://ok.example\u3002evil.example/a.png", False),
        ("data:image/png;base64,AAAA", True),
        ("data:image/svg+xml,<svg onload=alert(1)>", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("blob:https://ok.example/1", False),
        ("file:///etc/passwd", False),
    ],
)
def test_an_image_is_shown_from_the_hosts_that_were_named_alone(address: str, shown: bool) -> None:
    from html import escape

    clean, _ = sanitise("html", f'<img src="{escape(address)}">', ["ok.example"])
    sources = [value for _, name, value in Seen(clean).attributes if name == "src"]
    if shown:
        assert sources == [address]
    else:
        assert all(source.startswith("data:image/svg+xml,") for source in sources)


def test_an_image_that_is_not_shown_says_from_where_it_would_come() -> None:
    clean, _ = sanitise(
        "html", "<img src='http://tracker.example/<&x'><img src='https://evil.example\\@ok.example'>"
    )
    assert "image not shown: tracker.example" in clean.replace("%20", " ")
    assert "ok.example" not in clean


def test_an_item_of_any_size_and_depth_is_cut_and_says_by_how_much() -> None:
    text = payload("html", "x" * 300_000).content
    assert (len(text["html"]), text["cut"]) == (200_000, 100_000)
    assert payload("markdown", "x" * 30_000).content["cut"] == 10_000
    for deep in ("<div>", "<b><table>", "<i><p>", "<ul><li>", "<a href=x>"):
        content = payload("html", "start" + deep * 100_000).content
        assert content["cut"] > 0
        assert len(Seen(content["html"]).attributes) <= 3 * markup.MOST_TAGS


@pytest.mark.parametrize("source", ["", "  ", "<script>x</script>", "<p></p>"])
def test_markup_without_text_says_so(source: str) -> None:
    assert payload("html", source).content == {"kind": "broken", "why": "This item has no text."}


def test_a_glimpse_of_markup_is_its_text() -> None:
    glimpse = payload("html", "<p>One</p><p>two</p>" + "x" * 5000, glimpse=True).content
    assert glimpse["kind"] == "text"
    assert glimpse["text"].startswith("One\ntwo")
    assert len(glimpse["text"]) == 1000


@pytest.mark.parametrize("kind", MARKUP)
def test_features_and_names_are_of_what_is_read(kind: str) -> None:
    words = ["apple pie", "river bank", "apple tart", "river bed"]
    plain = pd.DataFrame({"body": words})
    marked = pd.DataFrame(
        {"body": [f"<p title=secret>{w}</p>" if kind == "html" else f"# {w}" for w in words]}
    )
    found = build_features(Pool.from_data(marked, **{kind: "body"}))
    assert (found == build_features(Pool.from_data(plain, text="body"))).all()


def test_the_same_text_shown_in_another_way_keeps_its_label() -> None:
    table = pd.DataFrame({"body": ["<p>a</p>", "<p>b</p>"]})
    ids = [Pool.from_data(table, **{kind: "body"}).ids for kind in ("text", *MARKUP)]
    assert ids[0] == ids[1] == ids[2]


def test_a_session_of_markup_learns_and_gives_back_what_was_passed() -> None:
    table = pd.DataFrame({"body": [f"<p>{w} number {i}" for i in range(10) for w in ("apple", "river")]})
    with Session(table, html="body", classes=["f", "w"], store=":memory:", random_state=0) as session:
        assert session.item(session.pool.ids[0]) == "<p>apple number 0"
        session.label(session.pool.ids[0], "f")
        session.label(session.pool.ids[1], "w")
        session.wait()
        assert session.to_frame()["prediction"].tolist() == ["f", "w"] * 10
        assert list(session.model().predict(["apple", "river"])) == ["f", "w"]


def test_two_ways_to_show_an_item_are_refused() -> None:
    table = pd.DataFrame({"a": ["x"], "b": ["y"]})
    with pytest.raises(InvalidInput, match=r"columns=.* cannot be passed with html="):
        Pool.from_data(table, html="a", columns=["b"])


@pytest.mark.parametrize("missing", ["nh3", "markdown_it"])
def test_without_its_packages_markup_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == missing:
            raise ImportError(f"No module named {name!r}", name=name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(HitlError, match=rf"markdown= needs {missing}.*pip install 'hitl-widgets\[html\]'"):
        Pool.from_data(pd.DataFrame({"a": ["x", "y"]}), markdown="a")


@pytest.mark.parametrize(
    "hosts",
    [
        "ok.example",
        ["https://ok.example"],
        ["*.ok.example"],
        ["ok.example/x"],
        ["ok.example:8"],
        [""],
        [5],
        5,
    ],
)
def test_hosts_are_names_alone(hosts: Any) -> None:
    with pytest.raises(InvalidInput, match=r"remote_images.*images\.example\.org"):
        check_hosts(hosts)


def test_hosts_are_kept_in_small_letters_and_once() -> None:
    assert check_hosts(["OK.example", "ok.example", "127.0.0.1"]) == ("ok.example", "127.0.0.1")
    assert check_hosts(None) == ()


# -- images on the web


def test_an_image_on_the_web_is_loaded_by_the_browser_from_a_host_that_was_named() -> None:
    table = pd.DataFrame(
        {"i": ["https://ok.example/a.png", "https://no.example/a.png", "http://ok.example/a"]}
    )
    pool = Pool.from_data(table, image="i", remote_images=["ok.example"])
    assert pool.payload(0).content == {"kind": "remote", "url": "https://ok.example/a.png"}
    assert pool.payload(0, Size(side=160, glimpse=True)).content == pool.payload(0).content
    assert "remote_images=['no.example']" in pool.payload(1).content["why"]
    assert "https://host/path" in pool.payload(2).content["why"]


def test_the_kernel_asks_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    table = pd.DataFrame({"i": ["https://ok.example/a.png", "https://no.example/a.png"]})
    pool = Pool.from_data(table, image="i", remote_images=["ok.example"])
    with pytest.raises(InvalidInput, match=r"the kernel does not load images from there.*pass X= or embed="):
        build_features(pool)
    assert [pool.payload(i).content["kind"] for i in range(2)] == ["remote", "broken"]


@given(st.text(alphabet="htps:/\\@.#?ok-EXAMPLE \t\u3002%1", max_size=40))
def test_the_host_of_an_address_is_one_that_every_browser_reads(rest: str) -> None:
    host = address_host("https://" + rest)
    assert host is None or re.match(rf"{re.escape(host)}(?::443)?(?:[/?#]|$)", rest.strip(), re.IGNORECASE)
