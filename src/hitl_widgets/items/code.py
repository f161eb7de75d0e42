"""Source code: highlighted by Pygments, otherwise treated as text."""

from __future__ import annotations

import functools
import itertools
import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from hitl_widgets.errors import InvalidInput, nearest
from hitl_widgets.items.base import Payload, Size, broken, sendable
from hitl_widgets.items.text import SHOWN_CHARACTERS, Text

__all__ = ["KINDS", "Code", "guess_language", "marks"]

GLIMPSE_CHARACTERS = 400
GUESSED_BY = 4_000  # characters
PLAIN = "text"
SECONDS = 0.5

Piece = tuple[int, int, str]  # from, to, style

STYLES = (
    "comment", "keyword", "name", "builtin", "string", "number", "meta", "inserted", "deleted", "unseen",
)  # fmt: skip
# The nearest ancestor of a Pygments token decides; without one, the token has the text color.
STYLE_OF = {
    "Comment": "comment",
    "Comment.Preproc": "meta",
    "Comment.PreprocFile": "string",
    "Keyword": "keyword",
    "Keyword.Type": "builtin",
    "Operator.Word": "keyword",
    "Name.Attribute": "name",
    "Name.Builtin": "builtin",
    "Name.Class": "name",
    "Name.Decorator": "meta",
    "Name.Entity": "meta",
    "Name.Exception": "builtin",
    "Name.Function": "name",
    "Name.Tag": "keyword",
    "Name.Variable": "builtin",
    "Literal": "string",
    "Literal.Number": "number",
    "Generic.Deleted": "deleted",
    "Generic.Heading": "name",
    "Generic.Inserted": "inserted",
    "Generic.Subheading": "meta",
}
# Characters that can make code look different from what it does (Boucher and Anderson 2023, "Trojan
# Source"), and control characters.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)

SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?([a-z]+)")
# Beginnings that occur in one language only.
BEGINNINGS = {
    "php": r"<\?php\b",
    "html": r"(?is)(?:<!--.*?-->\s*)*<(?:!doctype html|(?:html|head|body|div|span|p|a|ul|table|form)\b)",
    "xml": r"<(?:\?xml|!--|!DOCTYPE|[a-zA-Z][\w:.-]*[\s>/])",
    "json": r'[\[{]\s*(?:"[^"\n]*"\s*[:,\]]|\{\s*"|\[?-?\d+[,\]])',
    "diff": r"diff --git |--- .*\n\+\+\+ |Index: |@@ -\d",
}
# Patterns that are frequent in one language and rare in the others; matches are counted.
SIGNS = {
    "bash": r"^\s*(?:if \[.*|then|fi|esac|done|for \w+ in [^:]*|while .*; do|set -\w+.*"
    r"|(?:echo|export|source|local|cd|sudo|mkdir|rm) [^({]*)$|\$\{\w+[}:]",
    "c": r'^\s*#\s*(?:include\s*[<"]|define\s+\w|ifn?def\s+\w|endif)|^\s*(?:typedef|struct \w+|static|extern'
    r"|unsigned|const char|void|int|char|double|float|size_t|bool)\b[^=:]*[\w*)][;{,)]?$|\w->\w"
    r"|^\s*(?:if|for|while) \(.*\)$|\bstd::\w|^\s*template ?<|^namespace\b",
    "csharp": r"^\s*using (?:static )?[A-Z][\w.]*;$|\{ get;|^\s*(?:public|private|internal) [^;]*\)$"
    r"|^namespace [A-Z][\w.]*|\bConsole\.",
    "css": r"^\s*[.#@:*][^{};=()$]*[{,]$|^\s*(?:body|html|a|p|h[1-6]|ul|li|div|img|table|button|input)"
    r"[^{};=()]*\{$|^\s+-{0,2}[a-z][a-z-]*: ?[^;:{}=(]+;$",
    "go": r"^package \w+$|^func (?:\(\w* ?\*?\w+\) )?\w+\(|\w := |^import (?:\(|\")|\berr != nil\b"
    r"|^type \w+ (?:struct|interface) \{",
    "java": r"^import (?:static )?[\w.]+(?:\.\*)?;$|^package [\w.]+;$|^\s*@Override$"
    r"|^\s*(?:public|private|protected) [^:$]*[;{]$|\bSystem\.out\b",
    "javascript": r"^\s*(?:export )?(?:const|let|var) [\w{\[][^=]*=|[\w)] => ?[\w({\[]"
    r"|\bfunction\b ?\w*\([^$]*\) ?\{|\w [=!]== |\brequire\(['\"]|^import .* from ['\"]"
    r"|^export (?:default|const|function|class|async|\{|type|interface)|\bconsole\.\w+\("
    r"|^\s*(?:declare|interface) \w+|\w\??: (?:string|number|boolean|void|unknown)[;,)\[ ]",
    "make": r"^[\w./%$()-]+ ?:(?!=)(?: .*)?\n\t|\$\(\w+\)|^\.PHONY|^\w+ ?[:?+]= ",
    "perl": r"^\s*(?:use (?:strict|warnings|utf8|[\w:]+).*;|sub \w+ ?\{?|package [\w:]+;|1;)$"
    r"|\b(?:my|our) [$@%(]|\$\w+ =~|\$\w+->[{\[]|^=(?:head\d|cut|over|item)",
    "python": r"^\s*(?:async )?def \w+\(|^\s*(?:from [\w.]+ )?import [\w.*]+(?: as \w+)?(?:, \w+)*(?: \()?$"
    r"|^\s*(?:if|elif|else|for|while|try|except|finally|with|class)\b[^;{]*:$|\bself\.\w"
    r'|^\s*(?:print|super)\(|^\s*@\w[\w.]*$|"""|\b(?:None|True|False)\b',
    "r": r"^\s*[\w.]+ <- |\b(?:library|data\.frame|ggplot)\(|%>%",
    "ruby": r"^\s*(?:def [\w.]+[?!=]?(?:\([^:]*\))?|end|require ['\"].*['\"]|module [A-Z]\w*"
    r"|class [A-Z]\w*(?: < [\w:]+)?|attr_\w+ .*)$|\bdo (?:\|.*\|)?$|^\s*puts ",
    "rust": r"\bfn \w+|\blet (?:mut )?\w+(?:: .*)? =|^\s*(?:use [\w:]+(?:::|;)|impl\b"
    r"|pub (?:fn|struct|enum|mod|use))|^\s*#!?\[\w+|\b(?:println|vec|assert_eq|panic|format)!",
    "sql": r"(?i)^\s*(?:select|insert into|create (?:table|index|view|unique|function|or replace)"
    r"|update \w+ set|delete from|alter (?:table|extension)|drop|from|where|(?:left |inner )?join"
    r"|group by|order by|values)\b|\bnot null\b|\bprimary key\b|\bselect .* from\b",
    "toml": r"^\[\[?[\w.\-\"]+\]\]?$|^[\w.-]+ ?= ?(?:[\"\[{\d]|true$|false$)",
    "yaml": r"^---$|^\s*(?:- )?[\w-]+:(?: [^;{]*)?$|^\s*- [\w\"']",
}
# Languages that extend another one, and the patterns that only they have.
GROWN = {
    "c": (
        "cpp",
        (
            r"\bstd::|^\s*template ?<|^\s*(?:inline )?namespace\b|^\s*(?:public|private|protected):"
            r"|^\s*(?:class|using) \w+|\bnullptr\b|\w::\w|^#include <\w+>$"
        ),
    ),
    "javascript": (
        "typescript",
        (
            r"^\s*(?:export |declare )*(?:interface|type|enum|namespace|declare) \w+.*[{=]|^import type"
            r"|\w\??: (?:string|number|boolean|void|any|unknown)[;,)\[ ]|\bas (?:const|string|any|unknown)\b"
        ),
    ),
}
LEAST, LEAD = 2, 1.25  # minimum matches of the best language, and minimum ratio to the second best
SHARE = 0.05  # minimum share of lines with a match


class Code(Text):
    """Source code in a given language (a name or a suffix such as ``.py``), or guessed for each item."""

    name = "code"

    def __init__(self, language: str = "") -> None:
        self.language = language

    def with_option(self, option: str) -> Code:
        """Return code in this language: a name such as ``python``, a suffix (``.py``), or a file name."""
        return Code(_language(option))

    def claims(self, values: Sequence[Any]) -> bool:  # noqa: ARG002 - any code is a text as well
        """Return False: code must be requested, because text mistaken for code would not wrap."""
        return False

    def read(self, values: Sequence[Any], what: str) -> list[str]:
        """Return the sources as texts; paths are rejected because they would be displayed as code."""
        for row, value in enumerate(values):
            if isinstance(value, os.PathLike):
                raise InvalidInput(
                    f"{what}: row {row} is the path {os.fspath(value)!r}: expected source code as text. Read "
                    "the files first, such as [path.read_text() for path in paths]."
                )
        return super().read(values, what)

    def payload(self, item: str, size: Size) -> Payload:
        """Return whole lines of the first 20,000 characters, their styles, and how many characters follow."""
        if not item.strip():
            return broken("This item has no text.")
        raw = item.lstrip()[:GLIMPSE_CHARACTERS] if size.glimpse else _beginning(item)
        text = sendable(raw.replace("\r\n", "\n").replace("\r", "\n"))
        language = self.language or guess_language(item)
        found, plain = marks(text, language)
        content = {"kind": "code", "text": text, "language": language, "styles": list(STYLES), "marks": found}
        cut = 0 if size.glimpse else len(item) - len(raw)
        return Payload(content | ({"cut": cut} if cut else {}) | ({"plain": plain} if plain else {}))


def _beginning(item: str) -> str:
    """Return the part that is displayed: whole lines, unless they are very long."""
    if len(item) <= SHOWN_CHARACTERS:
        return item
    end = item.rfind("\n", SHOWN_CHARACTERS // 2, SHOWN_CHARACTERS) + 1
    return item[: end or SHOWN_CHARACTERS]


def marks(text: str, language: str, seconds: float = SECONDS) -> tuple[list[int], int]:
    """Return the pieces to highlight: for each, the gap after the last one, its length and its style.

    Lexers are regular expressions, and some take quadratic time: the C# lexer of Pygments takes half a
    minute for 20,000 short lines. Only what is found within the time limit is highlighted.

    Parameters
    ----------
    text
        Text whose lines end in a line feed.
    language
        A name that Pygments knows.
    seconds
        Time limit, in CPU time of this thread. One token, at worst a quarter of a second, may exceed it.

    Returns
    -------
    marks
        Three numbers for each piece. Lengths are in UTF-16 units, as in browsers; styles are positions in
        ``STYLES``.
    plain
        Number of characters at the end that were not reached in time.
    """
    tokens, known = _tokens(text, language, seconds)
    wide = not text.isascii() and max(text) > "\uffff"
    found: list[int] = []
    end = 0
    for start, stop, style in _merged(_parted(text, tokens)):
        gap, piece = text[end:start], text[start:stop]
        found += [_units(gap), _units(piece)] if wide else [len(gap), len(piece)]
        found.append(STYLES.index(style))
        end = stop
    return found, len(text) - known


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _tokens(text: str, language: str, seconds: float) -> tuple[list[Piece], int]:
    """Return consecutive pieces of the whole text, and how far the lexer got within the time limit."""
    # PHP snippets often lack the opening tag.
    lexer = _lexer(language, inline="<?" not in text)
    found: list[Piece] = []
    at, late = 0, time.thread_time() + seconds
    try:
        for start, kind, value in lexer.get_tokens_unprocessed(text):
            if time.thread_time() > late:
                return [*found, (at, len(text), "")], at
            if value and start >= at:
                found += [(at, start, ""), (start, start + len(value), _style(kind))]
                at = start + len(value)
    except Exception:  # noqa: BLE001 - an error in a lexer costs the highlighting, not the item
        return [*found, (at, len(text), "")], at
    return [*found, (at, len(text), "")], len(text)


def _parted(text: str, tokens: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the tokens, with invisible characters as separate pieces."""
    unseen = deque(found.start() for found in UNSEEN.finditer(text))
    for start, stop, style in tokens:
        at = start
        while unseen and unseen[0] < stop:
            place = unseen.popleft()
            yield at, place, style
            yield place, place + 1, "unseen"
            at = place + 1
        yield at, stop, style


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces that have a style, with neighbors of the same style merged."""
    whole = (piece for piece in pieces if piece[0] < piece[1])
    for style, run in itertools.groupby(whole, key=itemgetter(2)):
        if style:
            first, *rest = run
            yield first[0], (rest or [first])[-1][1], style


@functools.cache
def _style(kind: Any) -> str:
    while kind:
        if style := STYLE_OF.get(str(kind).removeprefix("Token.")):
            return style
        kind = kind.parent
    return ""


def _lexer(language: str, *, inline: bool) -> Any:
    """Return a new lexer: some keep state, and several threads may need one."""
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language, startinline=inline)


def _language(option: str) -> str:
    """Return the Pygments name of a language, given a name, a suffix or a file name."""
    from pygments.lexers import find_lexer_class_for_filename, get_all_lexers, get_lexer_by_name
    from pygments.util import ClassNotFound

    asked = option.strip()
    try:
        return str(get_lexer_by_name(asked).aliases[0])
    except ClassNotFound:
        found = (
            find_lexer_class_for_filename(f"x{asked}" if asked.startswith(".") else asked) if asked else None
        )
    if found is None:
        names = [alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases]
        raise InvalidInput(
            f"kind='code:{option}': not a language that Pygments knows.{nearest(asked.lower(), names)} "
            "Expected a name or a file suffix, such as 'code:python' or 'code:.py'. With kind='code', the "
            "language of each item is guessed."
        )
    return str(found.aliases[0])


def guess_language(source: str) -> str:
    """Guess the language of a source from its beginning, among about twenty languages.

    Pygments' own ``guess_lexer`` takes most JavaScript for Python and most C for GDScript. This function
    uses the interpreter in the first line, then typical beginnings, then the most frequent patterns.

    Returns
    -------
    str
        A name that Pygments knows; ``"text"`` if no language is likely enough.
    """
    begins = source[:GUESSED_BY].lstrip().removeprefix("\ufeff").replace("\r\n", "\n")
    if (found := SHEBANG.match(begins)) and (named := _interpreted(found[1])):
        return named
    for language, pattern in BEGINNINGS.items():
        if re.match(pattern, begins):
            return language
    counts = {name: len(signs.findall(begins)) for name, signs in _signs().items()}
    *_, second, best = sorted(counts, key=lambda name: counts[name])
    n_lines = sum(1 for line in begins.split("\n") if line.strip())
    if counts[best] < max(LEAST, SHARE * n_lines) or counts[best] < LEAD * counts[second]:
        return PLAIN
    grown, signs = GROWN.get(best, ("", ""))
    return grown if grown and re.search(signs, begins, re.MULTILINE) else best


@functools.cache
def _signs() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(signs, re.MULTILINE) for name, signs in SIGNS.items()}


def _interpreted(program: str) -> str:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return str(get_lexer_by_name({"node": "javascript", "rscript": "r"}.get(program, program)).aliases[0])
    except ClassNotFound:
        return ""


KINDS = (Code(),)
