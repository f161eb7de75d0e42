"""Question: the public constructors of questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hitl_widgets.errors import InvalidInput, check_flags, choices, nearest
from hitl_widgets.questions.forming import form_of
from hitl_widgets.questions.pair import BOTH_BAD, FIRST, SECOND, TIE
from hitl_widgets.questions.schema import LabelClass, Schema, as_numbers, scale
from hitl_widgets.questions.spans import relation_types
from hitl_widgets.questions.values import is_blank, listed, plain, spelled

__all__ = ["Question"]

# There is a key for each level.
MOST_LEVELS = 30
# Keeps means and squares of levels numerically accurate.
LARGEST = 1e9
MOST = 1e12
# Seconds of a pause or a segment.
LEAST_PIECE, MOST_PIECE = 0.05, 600.0


class Question:
    """Creates questions for ``Session(question=...)``.

    Examples
    --------
    >>> Question.choice(["spam", "ham"], "What is this message?")
    >>> Question.choices(["billing", "delivery", "praise"], "What is it about?")
    >>> Question.rating(5, "How friendly is the answer?")
    >>> Question.rating(["bad", "fair", "good"])
    >>> Question.number(0, 120, "How old is the person?", unit="years")
    >>> Question.text("What is said?")
    >>> Question.spans(["person", "place"], "Mark all names.")
    >>> Question.spans(["person", "company"], "Who works where?", relations=["works for", "owns"])
    >>> Question.boxes(["car", "person"], "Mark all cars and persons.")
    >>> Question.ranges(["speech", "music"], "What is heard, and when?")
    >>> Question.transcript(["Ann", "Bob"], "What is said, and by whom?")
    >>> Question.pair("Which answer is better?")
    >>> Question.ranking("Rank the answers, best first.")
    >>> Question.form({"topic": Question.choice(["spam", "ham"]), "tone": Question.rating(5)})
    """

    @staticmethod
    def choice(
        classes: Iterable[Any],
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for one class for each item.

        Parameters
        ----------
        classes
            At least two names or :class:`~hitl_widgets.questions.schema.LabelClass`.
        text
            The text of the question.
        guidance, examples
            For each class, when to choose it, and an example.
        """
        return Schema(classes, text, guidance=guidance, examples=examples)

    @staticmethod
    def choices(
        classes: Iterable[Any],
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for any number of classes for each item. Keys toggle classes, and Enter submits the answer.

        The parameters are those of :meth:`choice`. An answer is a list of classes; ``[]`` means none.
        """
        return Schema(classes, text, guidance=guidance, examples=examples, kind="choices")

    @staticmethod
    def rating(
        levels: int | Iterable[Any] = 5,
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for a level on a scale for each item.

        Parameters
        ----------
        levels
            The levels from low to high: ascending numbers, which are learned as they are, or names, which
            stand for 1, 2, 3 and so on. An integer n stands for the levels 1 to n.
        text, guidance, examples
            As in :meth:`choice`.
        """
        given = _levels(levels)
        made = Schema(given, text, guidance=guidance, examples=examples, kind="rating")
        chosen = {spelled(c.name) for c in given if isinstance(c, LabelClass) and c.color}
        colors = scale(len(made.classes))
        classes = tuple(
            c if c.name in chosen else replace(c, color=color)
            for c, color in zip(made.classes, colors, strict=True)
        )
        object.__setattr__(made, "classes", classes)
        return made

    @staticmethod
    def number(
        low: float | None = None,
        high: float | None = None,
        text: str = "",
        *,
        step: float | None = None,
        unit: str = "",
    ) -> Schema:
        """Ask for a number for each item.

        Parameters
        ----------
        low, high
            The smallest and the largest number, if there are any.
        text
            The text of the question.
        step
            The distance between valid numbers, from ``low`` on; 0 for any number. By default 1 (whole
            numbers) if ``low`` and ``high`` are integers or not given, else 0.
        unit
            The unit, shown beside the number.
        """
        ends = [_end(name, end) for name, end in (("low", low), ("high", high))]
        whole = all(end is None or float(end).is_integer() for end in ends)
        step = float(whole) if step is None else _end("step", step)
        if ends[0] is not None and ends[1] is not None and not ends[0] < ends[1]:
            raise InvalidInput(f"low={low!r} is not below high={high!r}.")
        if step is None or step < 0 or (None not in ends and step > ends[1] - ends[0]):  # type: ignore[operator]
            raise InvalidInput(f"step={step!r}: expected a number from 0 to the size of the range.")
        if not isinstance(unit, str):
            raise InvalidInput(f"unit={unit!r}: expected a text, such as 'cm'.")
        settings = {"low": ends[0], "high": ends[1], "step": step, "unit": unit}
        return Schema([], text, kind="number", least=0, settings=settings)

    @staticmethod
    def text(text: str = "", *, lines: bool = False, blank: bool = False) -> Schema:
        """Ask for a text for each item, such as a translation or a transcription.

        Parameters
        ----------
        text
            The text of the question.
        lines
            Whether an answer may have several lines. Then Ctrl+Enter gives it, and Enter starts a new line.
        blank
            Whether an answer may be empty.
        """
        return Schema([], text, kind="text", least=0, settings={"lines": bool(lines), "blank": bool(blank)})

    @staticmethod
    def spans(
        classes: Iterable[Any],
        text: str = "",
        *,
        overlap: bool = False,
        snap: bool = True,
        relations: Iterable[str] | None = None,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for spans of each text, each with a class, and for relations between them.

        An answer is a list of dicts with ``start``, ``end`` (in characters, as in a Python slice) and
        ``label``. With ``relations``, it is a dict of ``spans``, which is this list, and ``relations``, a
        list of dicts with ``from`` and ``to`` (positions in the list of spans, from 0 on) and ``label``.

        Parameters
        ----------
        classes
            At least one class.
        text, guidance, examples
            As in :meth:`choice`.
        overlap
            Whether spans may overlap.
        snap
            Whether a selection is extended to whole words; Alt turns this off for one span.
        relations
            Types of relations, such as ``["works for", "owns"]``, each from one span to another. They teach
            the model nothing yet.
        """
        types = relation_types(relations)
        settings = {"overlap": bool(overlap), "snap": bool(snap)} | ({"relations": types} if types else {})
        return Schema(
            classes,
            text,
            guidance=guidance,
            examples=examples,
            kind="spans",
            least=1,
            settings=settings,
        )

    @staticmethod
    def boxes(classes: Iterable[Any], text: str = "", *, transcribe: bool = False, **told: Any) -> Schema:
        """Ask for boxes on each image, or on frames of each video, each with a class.

        An answer is a list of dicts with ``x`` and ``y`` of the upper left corner, ``width``, ``height``
        and ``label``. All numbers are in pixels of the image, upright, and rounded to 0.01. On a video, each
        also has its ``frame``, counted from 0; :func:`~hitl_widgets.frame_times` says when that is.

        Parameters
        ----------
        classes
            At least one class.
        text
            The text of the question.
        transcribe
            Whether each box also has a text, such as the words in it. Then the dicts have ``text``, which may
            be empty.
        told
            ``guidance`` and ``examples``, as in :meth:`choice`.
        """
        return _marks("boxes", classes, text, told, {"transcribe": True} if transcribe else None)

    @staticmethod
    def polygons(classes: Iterable[Any], text: str = "", **told: Any) -> Schema:
        """Ask for polygons on each image, each with a class.

        The parameters are those of :meth:`boxes`. An answer is a list of dicts with ``points``, a list of
        corners [x, y], and ``label``.
        """
        return _marks("polygons", classes, text, told)

    @staticmethod
    def points(classes: Iterable[Any], text: str = "", *, within: float = 10, **told: Any) -> Schema:
        """Ask for points on each image, each with a class.

        The parameters are those of :meth:`boxes`. An answer is a list of dicts with ``x``, ``y`` and
        ``label``. ``within`` is the distance in pixels up to which two annotators mean the same point.
        """
        distance = _end("within", within)
        if distance is None or distance < 0:
            raise InvalidInput(f"within={within!r}: expected a distance in pixels.")
        return _marks("points", classes, text, told, {"within": distance})

    @staticmethod
    def masks(classes: Iterable[Any], text: str = "", **told: Any) -> Schema:
        """Ask for masks on each image, each with a class, painted with a brush.

        The parameters are those of :meth:`boxes`. An answer is a list of dicts with ``size`` (height and
        width), ``counts`` (compressed run lengths, as in COCO's files) and ``label``. Instead of size and
        counts, ``mask`` may be given: booleans of shape (height, width).
        """
        return _marks("masks", classes, text, told)

    @staticmethod
    def ranges(
        classes: Iterable[Any],
        text: str = "",
        *,
        overlap: bool = False,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for ranges of each recording, video or time series, each with a class.

        An answer is a list of dicts with ``start``, ``end`` and ``label``. Of a recording or a video they are
        in seconds. Of a series they are in the units of its times (dates: seconds since 1970 in UTC), in
        seconds if its rate is given, else in samples. They are rounded to six digits after the point.

        Parameters
        ----------
        classes
            At least one class.
        text, guidance, examples
            As in :meth:`choice`.
        overlap
            Whether ranges may overlap.
        """
        return Schema(
            classes,
            text,
            guidance=guidance,
            examples=examples,
            kind="ranges",
            least=1,
            settings={"overlap": bool(overlap)},
        )

    @staticmethod
    def transcript(
        speakers: Iterable[Any] = (),
        text: str = "",
        *,
        pause: float = 0.4,
        shortest: float = 0.3,
        longest: float = 15.0,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask what is said in each recording, when, and by whom.

        An answer is a list of dicts with ``start``, ``end`` (in seconds, rounded to milliseconds), ``text``
        and, if a speaker was chosen, ``speaker``. Subtitles (the text of an SRT or WebVTT file) are accepted,
        too. The card starts with the segments between pauses, or with ``suggest=``.

        Parameters
        ----------
        speakers
            Their names; may be empty.
        text
            The text of the question.
        pause
            The shortest pause between two segments, in seconds.
        shortest
            The shortest sound that is a segment, in seconds.
        longest
            Longer segments are cut where it is most quiet, in seconds.
        guidance, examples
            As in :meth:`choice`, by speaker.
        """
        settings: dict[str, Any] = {"transcribe": True, "overlap": True}
        for name, value in (("pause", pause), ("shortest", shortest), ("longest", longest)):
            given = _end(name, value)
            if given is None or not LEAST_PIECE <= given <= MOST_PIECE:
                raise InvalidInput(f"{name}={value!r}: expected {LEAST_PIECE:g} to {MOST_PIECE:g} seconds.")
            settings[name] = given
        if settings["longest"] < 2 * settings["shortest"]:
            raise InvalidInput(f"longest={longest!r}: expected at least twice shortest={shortest!r}.")
        return Schema(
            speakers,
            text,
            guidance=guidance,
            examples=examples,
            kind="transcript",
            least=0,
            settings=settings,
        )

    @staticmethod
    def pair(
        text: str = "",
        *,
        tie: bool = True,
        both_bad: bool = False,
        reason: bool = False,
        sides: str = "random",
        criteria: Iterable[str] = (),
        reasons: Iterable[str] = (),
        revisions: bool = False,
    ) -> Schema:
        """Ask which of two is better, for items that are lists of two.

        For example: ``Session(df, text=["answer_a", "answer_b"], context=["prompt"], question=...)``. They
        are shown on sides drawn at random for each item and annotator, which the log records. An answer is
        ``"first"`` or ``"second"``, by their places in the item (1 and 2 are accepted, too), ``"tie"`` or
        ``"both bad"``; with ``reason``, ``reasons``, ``criteria`` or ``revisions``, a dict with ``label`` and
        these.

        Parameters
        ----------
        text
            The text of the question.
        tie, both_bad
            Whether these are answers.
        reason
            Whether to ask for a reason, which may be left empty.
        sides
            ``"random"``, or ``"given"`` to show the first on the left for everybody, because its side was
            already drawn when the pair was made.
        criteria
            Up to 6 names, such as ``["helpful", "honest"]``: which of the two is better by each is asked
            after the question, by the same keys, and may be left out: ``"first"``, ``"second"`` or ``"tie"``.
        reasons
            Up to 12 names, such as ``["too long", "rude"]``, any of which can be chosen before the answer.
        revisions
            Whether texts can be corrected on the card, before the answer.
        """
        check_flags(tie=tie, both_bad=both_bad, reason=reason, revisions=revisions)
        if sides not in (known := ("random", "given")):
            raise InvalidInput(f"sides={sides!r}: expected {choices(known)}.{nearest(str(sides), known)}")
        classes = [FIRST, SECOND, *([TIE] if tie else []), *([BOTH_BAD] if both_bad else [])]
        colors = {TIE: "#8C8C8C", BOTH_BAD: "#D55E00"}
        made = [LabelClass(name, color=colors.get(name, "")) for name in classes]
        more: dict[str, Any] = {} if sides == "random" else {"sides": sides}
        told: dict[str, Any] = {
            "criteria": _named("criteria", criteria, 6),
            "reasons": _named("reasons", reasons, 12),
            "revisions": bool(revisions),
        }
        more |= {name: given for name, given in told.items() if given}
        return Schema(made, text, kind="pair", settings={"reason": bool(reason), **more})

    @staticmethod
    def ranking(text: str = "", *, top: int | None = None) -> Schema:
        """Ask for an order, for items that are lists of two or more.

        For example: ``Session(df, image=["a", "b", "c"], question=...)``. They are shown in an order drawn at
        random for each item and annotator, which the log records. An answer is a list of places in the item,
        from 1 on, best first: ``[2, 3, 1]``.

        Parameters
        ----------
        text
            The text of the question.
        top
            How many are ranked: an answer is a list of the best ones, and the others are below, in no order.
            None for all.
        """
        if top is not None and (not isinstance(top, int) or isinstance(top, bool) or not 1 <= top < 30):
            raise InvalidInput(f"top={top!r}: expected a number of members from 1 to 29, or None for all.")
        return Schema([], text, kind="ranking", least=0, settings={} if top is None else {"top": top})

    @staticmethod
    def form(
        questions: Mapping[str, Schema],
        text: str = "",
        *,
        optional: Iterable[str] = (),
        defaults: Mapping[str, Any] | None = None,
        when: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Schema:
        """Ask several questions about each item, in this order.

        For example: ``Question.form({"topic": Question.choice(["praise", "spam"]), "why":
        Question.text("Why?")}, when={"why": {"topic": ["spam"]}})``. An answer is a dict from names to
        answers, ``{"topic": "spam", "why": "sells pills"}``. A question that is not asked has no answer.

        Parameters
        ----------
        questions
            The questions by name: choices of one or several classes, ratings, numbers and texts. A class is
            called after its question where the question is not clear, as in ``"topic: spam"``.
        text
            The text above all of them.
        optional
            Names of questions that may be left out.
        defaults
            Answers with which the page starts, by name.
        when
            Conditions, by name: ``{"why": {"topic": ["spam"]}}`` asks "why" only if the answer to the
            earlier question "topic" is, or contains, one of these classes. All of several conditions must
            hold.

        Raises
        ------
        InvalidInput
            For unknown names, conditions on later questions, defaults that are not answers, and questions
            that cannot be a part of a form.
        """
        return form_of(questions, text, optional, defaults, when)


def _marks(
    kind: str,
    classes: Iterable[Any],
    text: str,
    told: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
) -> Schema:
    if unknown := [name for name in told if name not in {"guidance", "examples"}]:
        raise TypeError(f"Question.{kind}() got an unexpected keyword argument {unknown[0]!r}.")
    return Schema(classes, text, kind=kind, least=1, settings=settings, **told)


def _end(name: str, value: Any) -> float | None:
    """Return an end of a range as a number; None if there is none."""
    given = plain(value)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= MOST:
        raise InvalidInput(f"{name}={value!r}: expected a number up to {MOST:g}.")
    return float(given)


def _levels(levels: Any) -> list[Any]:
    """Return the levels from low to high; raise InvalidInput if they are not a scale."""
    expected = (
        f"expected a number of levels from 2 to {MOST_LEVELS}, or a list from low to high, such as "
        "['bad', 'fair', 'good']."
    )
    number = plain(levels)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, int | float):
        if isinstance(number, bool | float) or not 2 <= number <= MOST_LEVELS:
            raise InvalidInput(f"levels={levels!r}: {expected}")
        return list(range(1, number + 1))
    if isinstance(levels, str | bytes) or not isinstance(levels, Iterable):
        raise InvalidInput(f"levels={levels!r}: {expected}")
    given = listed(levels)
    if len(given) < 2:
        raise InvalidInput(f"levels={given!r}: {expected}")
    names = [plain(c.name) if isinstance(c, LabelClass) else plain(c) for c in given]
    try:
        numbers = list(map(float, names))
    except (TypeError, ValueError):
        return given  # names, which stand for 1, 2, 3 and so on
    if as_numbers(names) is None:
        raise InvalidInput(
            f"levels={given!r}: expected finite, distinct numbers from low to high, such as "
            f"{sorted(set(numbers))!r}."
        )
    if max(map(abs, numbers)) > LARGEST or numbers[-1] - numbers[0] < 1 / LARGEST:
        raise InvalidInput(f"levels={given!r}: expected numbers up to {LARGEST:g} that are not almost equal.")
    return given


def _named(argument: str, given: Any, most: int) -> list[str]:
    """Return names that differ; raise InvalidInput if they cannot be shown."""
    names = [given] if isinstance(given, str) else list(given or ())
    if len(names) > most:
        raise InvalidInput(f"{argument}= has {len(names)} names: the limit is {most}.")
    for name in names:
        if not isinstance(name, str) or is_blank(name) or name != name.strip() or len(name) > 60:
            raise InvalidInput(f"{argument}= contains {name!r}: expected a text of at most 60 characters.")
    if len(set(names)) < len(names):
        raise InvalidInput(f"{argument}={names!r}: a name occurs twice.")
    return names
