"""Taggers: they learn spans of texts, suggest them in other texts, and say where they are unsure."""

from __future__ import annotations

from importlib.util import find_spec

from hitl_widgets.learn.tagging.base import Found, Tagger, span_f1

__all__ = ["Found", "Tagger", "span_f1", "tagger"]


def tagger() -> Tagger:
    """Return a new tagger: a CRF if python-crfsuite is installed, otherwise :class:`.TokenTagger`."""
    if find_spec("pycrfsuite") is not None:
        from hitl_widgets.learn.tagging.crf import CrfTagger

        return CrfTagger()
    from hitl_widgets.learn.tagging.tokenwise import TokenTagger

    return TokenTagger()
