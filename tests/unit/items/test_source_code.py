"""Source code: highlighting, language detection, and truncation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items import code
from hitl_widgets.items.base import Size, kind_of
from hitl_widgets.items.code import STYLES, guess_language, marks

SOURCES = {
    "bash": 'set -e\nfor f in *.txt; do\n  echo "$f"\ndone',
    "c": '#include "x.h"\nstatic int add(int a, int b)\n{\n    return a->n + b;\n}',
    "cpp": "#include <vector>\nint main() {\n  std::vector<int> v;\n  for (auto x : v) std::cout << x;\n}",
    "csharp": "using System;\nnamespace A\n{\n  public int B { get; set; }\n  Console.WriteLine(1);\n}",
    "css": ".card {\n  color: red;\n  margin: 0 auto;\n}",
    "diff": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b",
    "go": 'package main\n\nimport "fmt"\n\nfunc main() {\n\tx := 1\n\tfmt.Println(x)\n}',
    "html": "<!-- a page -->\n<div class=a><p>text</p></div>",
    "java": "import java.util.List;\n\npublic class A {\n    @Override\n    public void run() {\n    }\n}",
    "javascript": "const a = 1;\nconst f = (x) => x + a;\nconsole.log(f(2));",
    "json": '{\n  "a": [1, 2]\n}',
    "make": "all: a.o b.o\n\t$(CC) -o $@ $^\n.PHONY: all",
    "perl": "use strict;\nmy $x = shift;\nprint $x if $x =~ /a/;",
    "php": "<?php\necho 1;",
    "python": "import os\n\n\ndef f(x):\n    return None",
    "r": "library(dplyr)\nx <- c(1, 2)\ny <- x %>% mean()",
    "ruby": "class A\n  def run(x)\n    puts x\n  end\nend",
    "rust": 'fn main() {\n    let mut x = 1;\n    println!("{}", x);\n}',
    "sql": "SELECT name\nFROM users\nWHERE id = 1",
    "toml": '[project]\nname = "x"\nversion = "1"',
    "typescript": "export interface A {\n  name: string;\n}\nconst f = (a: string) => a;",
    "xml": '<?xml version="1.0"?>\n<a/>',
    "yaml": "---\nname: x\nitems:\n  - a\n  - b",
}


def painted(text: str, language: str) -> list[tuple[str, str]]:
    """The styled pieces, cut out of UTF-16 as a browser does."""
    units, found, at = text.encode("utf-16-le"), [], 0
    numbers, _ = marks(text, language)
    for gap, length, style in zip(*(numbers[i::3] for i in range(3)), strict=True):
        at += gap
        found.append((units[2 * at : 2 * (at + length)].decode("utf-16-le"), STYLES[style]))
        at += length
    assert 2 * at <= len(units)
    return found


@pytest.mark.parametrize("language", SOURCES)
def test_a_language_is_known_by_its_signs_and_coloured(language: str) -> None:
    source = SOURCES[language]
    assert guess_language(source) == language
    assert guess_language(source.replace("\n", "\r\n")) == language
    found = painted(source, language)
    assert found
    assert all(piece in source for piece, _ in found)


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("#!/usr/bin/env python3\nx = 1", "python"),
        ("#!/bin/sh\nx", "bash"),
        ("#! /usr/bin/env -S node --flag\nx", "javascript"),
        ("#!/opt/unheard-of\nx", "text"),
        ("x = 1", "text"),
        ("Please send me the invoice of June, and the one of July.\nThanks, Ada", "text"),
        ("", "text"),
    ],
)
def test_the_first_line_says_it_and_what_is_not_sure_is_plain(source: str, language: str) -> None:
    assert guess_language(source) == language


def test_pieces_are_where_a_browser_finds_them() -> None:
    text = 'def f():\n\ts = "😀 漢字"  # 😀!\n\treturn 3.5'
    assert painted(text, "python") == [
        ("def", "keyword"),
        ("f", "name"),
        ('"😀 漢字"', "string"),
        ("# 😀!", "comment"),
        ("return", "keyword"),
        ("3.5", "number"),
    ]


def test_php_is_coloured_without_its_tag_as_well() -> None:
    assert ("function", "keyword") in painted("function f() { return 1; }", "php")
    assert ("function", "keyword") in painted("<b>x</b><?php function f() { return 1; }", "php")
    assert ("function", "keyword") not in painted("<b>function</b><?php f();", "php")


def test_what_nobody_would_see_is_a_piece_of_its_own() -> None:
    found = painted('x = "a\u202eb\u2066c"  # \u200bd', "python")
    assert found == [
        ('"a', "string"),
        ("\u202e", "unseen"),
        ("b", "string"),
        ("\u2066", "unseen"),
        ('c"', "string"),
        ("# ", "comment"),
        ("\u200b", "unseen"),
        ("d", "comment"),
    ]


def test_without_time_or_with_a_faulty_lexer_the_code_is_there_without_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert marks("x = 1\u202e", "python", seconds=-1) == ([5, 1, STYLES.index("unseen")], 6)

    class Faulty:
        def get_tokens_unprocessed(self, text: str) -> Any:
            yield 0, "Token.Keyword", text[:1]
            raise RuntimeError("a fault")

    monkeypatch.setattr(code, "_style", lambda kind: "keyword")
    monkeypatch.setattr(code, "_lexer", lambda language, inline: Faulty())
    assert marks("x = 1", "python") == ([0, 1, STYLES.index("keyword")], 4)
    content = kind_of("code").payload("x = 1", Size()).content
    assert (content["text"], content["plain"]) == ("x = 1", 4)


def test_a_huge_source_ends_with_a_line_and_says_what_is_left_out() -> None:
    source = "".join(f"x{i} = {i}\r\n" for i in range(200_000))
    content = kind_of("code").payload(source, Size()).content
    shown = content["text"]
    assert 10_000 < len(shown) <= 20_000
    assert shown.endswith("\n")
    assert "\r" not in shown
    assert source.startswith(shown.replace("\n", "\r\n"))
    assert content["cut"] == len(source) - len(shown) - shown.count("\n")
    one_line = kind_of("code").payload("x" * 30_000, Size()).content
    assert (len(one_line["text"]), one_line["cut"]) == (20_000, 10_000)
    glimpse = kind_of("code").payload("\n\n" + source, Size(glimpse=True)).content
    assert glimpse["text"].startswith("x0 = 0")
    assert len(glimpse["text"]) <= 400
    assert "cut" not in glimpse


@pytest.mark.parametrize(
    ("option", "language"),
    [("python", "python"), ("C++", "cpp"), (".ts", "typescript"), ("Makefile", "make"), ("src/a.rs", "rust")],
)
def test_the_language_is_said_by_its_name_or_a_file(option: str, language: str) -> None:
    table = pd.DataFrame({"source": ["SELECT 1 FROM a\nWHERE b", "x"]})
    pool = Pool.from_data(table, item="source", kind=f"code:{option}")
    assert (pool.kind, pool.column) == ("code", "source")
    assert pool.payload(0).content["language"] == language
    guessed = Pool.from_data(table, item="source", kind="code")
    assert guessed.payload(0).content["language"] == "sql"
    assert guessed.keys == pool.keys == Pool.from_data(table, text="source").keys


@pytest.mark.parametrize("option", ["pyton", ".nothing", "", " "])
def test_a_language_that_nobody_knows_is_refused(option: str) -> None:
    words = rf"kind='code:{option}': not a language that Pygments knows.*'code:python' or 'code:\.py'"
    with pytest.raises(InvalidInput, match=words):
        Pool.from_data(["x", "y"], kind=f"code:{option}")
    if option == "pyton":
        with pytest.raises(InvalidInput, match="Did you mean 'python'"):
            kind_of("code:pyton")


def test_paths_are_no_code() -> None:
    with pytest.raises(InvalidInput, match=r"row 1 is the path 'a\.py'.*read_text"):
        Pool.from_data(["x", Path("a.py")], kind="code")


def test_code_that_nobody_called_code_is_text() -> None:
    assert Pool.from_data(list(SOURCES.values())).kind == "text"
