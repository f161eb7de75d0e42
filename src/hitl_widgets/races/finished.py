"""Stores finished runs in a file, with keys computed from everything that a run depends on."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import joblib
from joblib.externals.loky.backend.reduction import dumps

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.paths import full_path
from hitl_widgets.races.contest import ASKED, COLUMNS, Played, Race, Task
from hitl_widgets.races.entrants import Entrant

__all__ = ["SavedRuns", "check_portable", "kept", "run_keys"]


class SavedRuns:
    """Finished runs as JSON lines, each appended with a single write; incomplete lines are ignored.

    Parameters
    ----------
    path
        A file, a folder (then ``runs.jsonl`` in it), or None to save nothing.

    Raises
    ------
    InvalidInput
        If it is another kind of file, or cannot be read or written.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.file: Path | None = None
        self.runs: dict[str, Played] = {}
        self._counts: Counter[str] = Counter()  # runs of each contestant under any key
        self._cut = False
        if path is None:
            return
        path = full_path(path)
        with _in_words(path):
            self.file = path if path.suffix and not path.is_dir() else path / "runs.jsonl"
            text = self.file.read_text("utf-8", "replace") if self.file.exists() else ""
        for line in text.splitlines():
            try:
                run = json.loads(line)
                key, columns = run["key"], run["columns"]
                self._counts[run["contestant"]] += 1
                # Other versions recorded other columns, and not what was asked.
                if set(columns) >= set(COLUMNS) and set(run["asked"]) == set(ASKED):
                    self.runs[key] = Played(columns, run["asked"])
            except (ValueError, TypeError, KeyError):
                continue
        if text.strip() and not self._counts and not text.startswith('{"key"'):
            raise InvalidInput(f"path={str(path)!r} is not a file of runs: pass a new file or a folder.")
        self._cut = bool(text) and not text.endswith("\n")

    def of(self, keys: Mapping[Task, str]) -> dict[Task, Played]:
        """The runs with these keys; warns if a contestant has only runs with other keys."""
        found = {task: self.runs[key] for task, key in keys.items() if key in self.runs}
        here = {name for name, _ in found}
        anew = [name for name in dict.fromkeys(n for n, _ in keys) if name not in here and self._counts[name]]
        if anew:
            n = sum(self._counts[name] for name in anew)
            warnings.warn(
                f"path={str(self.file)!r} has {n} run{'s' * (n != 1)} of {choices(anew)} with other data, "
                "settings or code, which cannot be used. The simulation starts again for "
                f"{'it' if len(anew) == 1 else 'them'}.",
                UserWarning,
                stacklevel=3,
            )
        return found

    def open(self) -> None:
        """Prepare the file for appending runs."""
        if self.file is not None:
            with _in_words(self.file):
                self.file.parent.mkdir(parents=True, exist_ok=True)
            self._write(b"\n" if self._cut else b"")

    def append(self, key: str, task: Task, played: Played) -> None:
        """Save a run, and sync it to disk before returning."""
        if self.file is not None:
            run = {"key": key, "contestant": task[0], "repeat": task[1], **vars(played)}
            self._write(json.dumps(run).encode() + b"\n")

    def _write(self, line: bytes) -> None:
        assert self.file is not None  # noqa: S101
        with _in_words(self.file), self.file.open("ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())


def kept(path: Path | None) -> str:
    """What becomes of the finished runs after an interrupt."""
    if path is None:
        return "pass path= to continue later"
    return f"saved in {str(path)!r}: the same call continues there"


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            f"path={str(path)!r} cannot be used: {reason}. Pass a file or folder that you may write to."
        ) from error


def check_portable(race: Race, entrants: list[Entrant]) -> None:
    """Raise if the oracle or a contestant cannot be sent to another process."""
    parts: list[tuple[str, Any]] = [("The oracle y", race.oracle)]
    parts += [(f"The contestant {e.name!r}", e) for e in entrants]
    parts += [(f"The metric {m.name!r}", m) for m in race.metrics]
    parts += [(f"The stopping rule {name!r}", rule) for name, rule in race.stopping.items()]
    for who, part in parts:
        try:
            dumps(part)
        except Exception as error:
            words = f"{type(error).__name__}: {error}".rstrip(".")
            raise InvalidInput(
                f"{who} cannot be sent to other processes ({words}). Pass n_jobs=1 to run in this process."
            ) from error


def run_keys(race: Race, entrants: list[Entrant], repeats: int, graph: Any) -> dict[Task, str]:
    """A hash of everything that each run depends on: data, settings, code, learner, strategy, repeat.

    Of an oracle function only the name counts, so that runs can be continued after it was fixed.
    """
    functions = {"oracle", "metrics", "stopping", "stops"}
    shared = {name: getattr(race, name) for name in race.__dataclass_fields__ if name not in functions}
    measured = [(m.name, _identity(m.function) if m.own else "") for m in race.metrics]
    rules = [(name, _identity(rule)) for name, rule in race.stopping.items()]
    given = graph if isinstance(graph, bool) or graph is None else joblib.hash(graph)
    oracle = getattr(race.oracle, "__qualname__", type(race.oracle).__qualname__)
    common = [joblib.hash(shared), oracle, given, measured, rules, _OUR_CODE]

    def key(e: Entrant, repeat: int) -> str:
        own = race.start.own and e.strategy_name == "random"
        how = [e.batch, race.stops.get(e.batch), None if e.whom is None else _identity(e.whom)]
        what = repr([common, _identity(e.learner), _identity(e.strategy), own, how, repeat])
        return hashlib.blake2b(what.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    return {(e.name, repeat): key(e, repeat) for repeat in range(repeats) for e in entrants}


# The modules of this package that determine a run.
_DETERMINING = (
    "arguments", "contest", "entrants", "finished", "metrics", "people", "simulate", "stopping",
)  # fmt: skip


def _our_code() -> str:
    """A hash of the modules that determine a run: with another version, saved runs are not used."""
    root = Path(__file__).parents[1]
    files = [
        *sorted((root / "learn").rglob("*.py")),
        *sorted((root / "data").glob("*neighbor*.py")),
        *(root / "races" / f"{name}.py" for name in _DETERMINING),
        *(root / "quality" / f"{name}.py" for name in ("consensus", "deferral", "projection", "stopping")),
    ]
    texts = [f.read_bytes() for f in files if f.exists()]
    return hashlib.blake2b(b"\0".join(texts), digest_size=12).hexdigest()


_OUR_CODE = _our_code()  # at import, so that it matches the code that runs


def _identity(thing: Any, home: str = "", seen: frozenset[int] = frozenset()) -> Any:
    """A value that identifies a learner or strategy across sessions.

    A function is identified by its code, its defaults, and the objects of its closure and module that it
    refers to; an object by its state and the code of its methods. Lists and dicts of the module count with
    their contents, which may affect the result; the contents of ``functools.cache`` do not.
    """
    if id(thing) in seen:
        return None
    seen |= {id(thing)}
    if isinstance(thing, partial):
        return [_identity(x, home, seen) for x in (thing.func, thing.args, thing.keywords)]
    if hasattr(thing, "cache_info") and hasattr(thing, "__wrapped__"):
        return _identity(thing.__wrapped__, home, seen)
    if isinstance(thing, type | ModuleType):
        return thing.__name__
    if isinstance(code := getattr(thing, "__code__", None), CodeType):
        if home not in {"", thing.__module__}:
            return [thing.__module__, thing.__qualname__]
        held = [getattr(thing, "__self__", None), thing.__defaults__, thing.__kwdefaults__]
        held += [cell.cell_contents for cell in thing.__closure__ or ()]
        held += [thing.__globals__[n] for n in code.co_names if n in thing.__globals__]
        return [_code(code), *(_identity(h, thing.__module__, seen) for h in held)]
    kind = type(thing)
    methods = [getattr(f, "__code__", None) for c in kind.__mro__ for f in vars(c).values()]
    try:
        state = joblib.hash(thing)
    except Exception:  # noqa: BLE001 - it cannot be pickled, for example because of a lambda
        state = [[n, _identity(v, home, seen)] for n, v in sorted(getattr(thing, "__dict__", {}).items())]
    return [kind.__qualname__, [_code(m) for m in methods if isinstance(m, CodeType)], state]


def _code(code: CodeType) -> Any:
    def constant(value: Any) -> Any:
        if isinstance(value, CodeType):
            return _code(value)
        return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)

    return [code.co_name, code.co_code.hex(), [constant(c) for c in code.co_consts], code.co_names]
