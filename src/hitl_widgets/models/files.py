"""Model files of numbers and JSON, which contain no code and are safe to load from any source."""

from __future__ import annotations

import json
import math
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError, InvalidInput, choices
from hitl_widgets.models.estimators import FIXED, FORGOTTEN, NESTED, Shapes, class_of, estimators
from hitl_widgets.paths import full_path, replacing

__all__ = ["OF_LOG", "load_model", "save_model"]

FORMAT = 1
OF_LOG, MOST_LETTERS = "hitl_of_log", 64
"""The attribute of a model that tells the labels it was trained on, by the id of their first event."""
NAME = "hitl-widgets model"
MAX_BYTES, MAX_TEXT, MAX_PARTS, MAX_DEPTH = 2**30, 2**26, 1_000, 10
MEMBER = re.compile(r"model\.npy|a\d{1,4}\.npy")
NUMBERS = {np.dtype(t) for t in (np.float32, np.float64, np.int32, np.int64)}
Arrays = dict[str, npt.NDArray[Any]]


def save_model(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted scikit-learn model to .npz, with mode 0600: arrays, and JSON that describes them.

    Parameters
    ----------
    model
        A model of the kinds in :func:`~.estimators.estimators`, or a ``Pipeline`` of them.
    path
        The path, which must end with ``.npz``.

    Raises
    ------
    HitlError
        If the model is of another kind.
    InvalidInput
        If the path cannot be written to.
    """
    if Path(path).suffix.lower() != ".npz":
        raise InvalidInput(f"Cannot save a model to {str(path)!r}: expected a path ending with '.npz'.")
    import sklearn

    arrays: Arrays = {}
    told = {"what": NAME, "format": FORMAT, "sklearn": sklearn.__version__, "model": _told(model, arrays)}
    if of_log := getattr(model, OF_LOG, ""):
        told["of_log"] = of_log
    text = json.dumps(told, allow_nan=False).encode()
    if any(array.dtype.hasobject for array in arrays.values()):
        raise _unsavable("A model that contains objects")
    if len(text) > MAX_TEXT or sum(a.nbytes for a in arrays.values()) > MAX_BYTES:
        raise _unsavable(f"A model of more than {MAX_BYTES >> 30} GB")
    with replacing(path) as part, part.open("wb") as file:
        # NumPy before 2.2 treats allow_pickle= as the name of an array; there is nothing to pickle.
        np.savez_compressed(file, model=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]
    return full_path(path)


def _told(model: Any, arrays: Arrays) -> dict[str, Any]:
    """Describe a model as JSON, and add its arrays to ``arrays``."""
    name = type(model).__name__
    if name == "Pipeline" and type(model) is class_of(name):
        return {"kind": name, "steps": _steps_told(model.steps, arrays)}
    if name == "FeatureUnion" and type(model) is class_of(name):
        told = {"kind": name, "steps": _steps_told(model.transformer_list, arrays)}
        return told | {"weights": model.transformer_weights}
    if name == "Joined" and type(model) is class_of(name):
        told = {"kind": name, "steps": _steps_told([("members", model.encoder)], arrays)}
        return told if model.compares else told | {"compares": False}
    if name == "Beside" and type(model) is class_of(name):
        steps = [(str(k), encoder) for k, encoder in enumerate(model.encoders)]
        return {"kind": name, "steps": _steps_told(steps, arrays), "scales": list(map(float, model.scales))}
    if name in {"RelevanceClassifier", "OrdinalClassifier"} and type(model) is class_of(name):
        steps = [(str(k), part) for k, part in enumerate(model.estimators)]
        told = {"kind": name, "steps": _steps_told(steps, arrays)}
        return told | {"classes": _value(name, model.classes_, "names k", arrays)}
    if name not in estimators() or type(model) is not class_of(name):
        inner = type(model.estimator).__name__ if name == "Renamed" else name
        raise _unsavable(f"A {inner}")
    usual = class_of(name)().get_params(deep=False)
    params = {
        key: _param(name, key, value)
        for key, value in model.get_params(deep=False).items()
        if key not in FORGOTTEN and not _same(value, usual[key])
    }
    fitted = {}
    for attribute, kind in estimators()[name].fitted.items():
        if hasattr(model, attribute):
            fitted[attribute] = _value(name, getattr(model, attribute), kind, arrays)
        elif not kind.endswith("?"):
            raise _unsavable(f"A {name} without {attribute}")
    return {"kind": name, "params": params, "fitted": fitted}


def _steps_told(steps: Sequence[tuple[str, Any]], arrays: Arrays) -> list[list[Any]]:
    return [[step, _told(part, arrays)] for step, part in steps]


def _unsavable(what: str) -> HitlError:
    can = choices([*NESTED, *estimators()], 30)
    return HitlError(
        f"{what} cannot be saved as plain numbers. Supported are {can}. To be able to train the model "
        "again, save the labels instead: session.export('labels.jsonl', names=True)."
    )


def _same(value: Any, usual: Any) -> bool:
    return type(value) is type(usual) and bool(value == usual)


def _param(name: str, key: str, value: Any) -> Any:
    """Convert a parameter to JSON, with a mark for types that JSON lacks."""
    if isinstance(value, np.generic):
        value = value.item()
    if key in FIXED:
        raise _unsavable(f"A {name} with a custom {key}=")
    if isinstance(value, type) and np.dtype(value) in NUMBERS:
        return {"dtype": np.dtype(value).name}
    if isinstance(value, tuple):
        return {"tuple": [_param(name, key, part) for part in value]}
    if isinstance(value, dict):
        return {"pairs": [[_param(name, key, k), _param(name, key, v)] for k, v in value.items()]}
    if isinstance(value, list):
        return [_param(name, key, part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _unsavable(f"A {name} with {key}={value!r}")


def _value(name: str, value: Any, kind: str, arrays: Arrays) -> Any:
    """Convert a fitted attribute to JSON; arrays are referenced by name."""
    if kind.startswith("model "):
        return _told(value, arrays)
    if kind.startswith("names"):
        if value.dtype.kind in "bif":
            return {"names": value.tolist(), "object": False}
        if not all(isinstance(v, str) for v in value):
            raise _unsavable(f"A {name} with classes that are not texts or numbers")
        return {"names": list(map(str, value)), "object": value.dtype == object}
    if kind.startswith("terms"):
        if not all(isinstance(term, str) for term in value):
            raise _unsavable(f"A {name} with names that are not texts")
        return sorted(value, key=value.__getitem__)
    if isinstance(value, np.ndarray) and value.ndim:
        if value.dtype not in NUMBERS:
            raise _unsavable(f"A {name} with values of type {value.dtype}")
        key = f"a{len(arrays)}"
        # Keep the memory layout, which affects the last bit of products: column-major, or with negative
        # strides.
        backwards = [axis for axis, stride in enumerate(value.strides) if stride < 0]
        value = np.flip(value, tuple(backwards))
        by_column = value.ndim == 2 and 0 < value.strides[0] < value.strides[1]
        arrays[key] = np.asfortranarray(value) if by_column else value
        return {"array": key, "backwards": backwards}
    return None if value is None else np.asarray(value).item()


def load_model(path: str | os.PathLike[str]) -> Any:
    """Load a model written by :meth:`Session.save_model`, which makes the same predictions.

    The file may be from an untrusted source: it contains only numbers and names, and is validated.

    Raises
    ------
    InvalidInput
        If the file is missing, damaged, too large, in a newer format, or does not describe a valid model.

    Warns
    -----
    UserWarning
        If it was written with another version of scikit-learn.
    """
    source = full_path(path)
    if not source.is_file():
        raise InvalidInput(
            f"File not found: {source.absolute()}. Is the path relative to the notebook's folder?"
        )
    try:
        model, written = _read(source)
    except (
        ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, EOFError, OSError,
        NotImplementedError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        why = str(error).rstrip(".") if isinstance(error, InvalidInput | zipfile.BadZipFile) else repr(error)
        raise InvalidInput(f"{source} cannot be loaded as a model: {why}.") from error
    _warn_of_version(written)
    return model


def _read(path: Path) -> tuple[Any, str]:
    """Read a model, and the version of scikit-learn that wrote it."""
    arrays = _arrays(path)
    told = json.loads(arrays.pop("model").tobytes(), parse_constant=_refuse_constant)
    if not isinstance(told, dict) or told.get("what") != NAME:
        raise InvalidInput("it is not a model file of hitl-widgets")
    if told.get("format") != FORMAT:
        raise InvalidInput(
            f"its format is {told.get('format')!r}, but this version reads {FORMAT}: upgrade hitl-widgets"
        )
    model = _made(told["model"], arrays, Shapes())
    if isinstance(of_log := told.get("of_log"), str) and of_log:
        setattr(model, OF_LOG, of_log[:MOST_LETTERS])
    return model, str(told["sklearn"])


def _arrays(path: Path) -> Arrays:
    """Read the arrays of the file, checking each before memory is allocated."""
    arrays: Arrays = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_PARTS or sum(m.file_size for m in members) > MAX_BYTES:
            raise InvalidInput(f"it unpacks to more than {MAX_BYTES >> 30} GB, or {MAX_PARTS:,} arrays")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if not MEMBER.fullmatch(member.filename) or name in arrays:
                raise InvalidInput(f"it contains {member.filename!r}, which is not part of a model")
            with archive.open(member) as file:
                _check_header(file, name, member.file_size)
            with archive.open(member) as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    if "model" not in arrays:
        raise InvalidInput("it is not a model file of hitl-widgets")
    return arrays


def _check_header(file: Any, name: str, size: int) -> None:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise InvalidInput(f"the array {name} has version {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    expected = {np.dtype(np.uint8)} if name == "model" else NUMBERS
    if dtype not in expected:
        raise InvalidInput(f"the array {name} has dtype {dtype}")
    length = dtype.itemsize
    for n in shape:
        length *= n
    if min(shape, default=0) < 1 or length != size - file.tell() or (name == "model" and length > MAX_TEXT):
        raise InvalidInput(f"the size of the array {name} does not match its shape {shape}")


def _refuse_constant(name: str) -> Any:
    raise InvalidInput(f"it contains {name}")


def _joined(name: str, steps: list[tuple[str, Any]], told: Any) -> Any:
    """Create a model of several others."""
    if name == "Pipeline":
        return class_of(name)(steps)
    if name == "Joined":
        [(_, encoder)] = steps
        return class_of(name)(encoder, told.get("compares") is not False)
    if name == "Beside":
        scales = told["scales"]
        if len(scales) != len(steps) or not all(isinstance(s, float) and s > 0 for s in scales):
            raise InvalidInput("its Beside needs a positive scale for each step")
        return class_of(name)([part for _, part in steps], scales)
    if name == "FeatureUnion":
        return class_of(name)(steps, transformer_weights=_weights(told["weights"], dict(steps)))
    return _of_answers(name, [part for _, part in steps], told)


def _made(told: Any, arrays: Arrays, shapes: Shapes, depth: int = 0) -> Any:
    """Create the described model, checking every part."""
    name = told["kind"]
    if depth > MAX_DEPTH:
        raise InvalidInput("its parts are nested too deeply")
    if name in NESTED:
        steps = [(step, _made(part, arrays, Shapes(), depth + 1)) for step, part in told["steps"]]
        if not steps or not all(isinstance(step, str) for step, _ in steps):
            raise InvalidInput(f"its {name} has no steps")
        return _joined(name, steps, told)
    if name not in estimators():
        raise InvalidInput(f"it contains a {str(name)[:60]!r}, not one of {choices(estimators(), 30)}")
    model = class_of(name)()
    params = {key: _setting(key, value) for key, value in told["params"].items()}
    model.set_params(**params)
    model._validate_params()  # noqa: SLF001 - scikit-learn's check, which fit() would run
    fitted, known = told["fitted"], estimators()[name].fitted
    if set(fitted) - set(known) or {a for a, kind in known.items() if not kind.endswith("?")} - set(fitted):
        raise InvalidInput(f"its {name} has the wrong parts: {choices(sorted(fitted))}")
    for attribute, kind in known.items():
        if attribute in fitted:
            setattr(model, attribute, _part(name, fitted[attribute], kind.rstrip("?"), arrays, shapes))
    if name == "DictVectorizer":
        model.feature_names_ = list(model.vocabulary_)
    elif hasattr(model, "vocabulary_"):
        model.fixed_vocabulary_ = False
    return model


def _of_answers(name: str, parts: list[Any], told: Any) -> Any:
    """Create a classifier of several yes-no questions, with a part for each."""
    classes = _part(name, told["classes"], "names k", {}, Shapes())
    n = len(parts) + (name == "OrdinalClassifier")
    if len(classes) != n or not all(hasattr(part, "predict_proba") for part in parts):
        raise InvalidInput(f"its {name} has inconsistent parts")
    return class_of(name)(parts, list(classes))


def _weights(told: Any, steps: Mapping[str, Any]) -> dict[str, float] | None:
    """Check the weights of the parts of a union."""
    if told is None:
        return None
    if not all(name in steps and type(w) in {int, float} and math.isfinite(w) for name, w in told.items()):
        raise InvalidInput("its FeatureUnion has weights that are not numbers or do not belong to a part")
    return dict(told)


def _setting(key: str, value: Any) -> Any:
    if key in FIXED or key in FORGOTTEN:
        raise InvalidInput(f"it sets {key}=, which is not allowed")
    if isinstance(value, dict):
        [(mark, inner)] = value.items()
        if mark == "dtype":
            return next(t.type for t in NUMBERS if t.name == inner)
        if mark == "tuple":
            return tuple(_setting("", part) for part in inner)
        if mark == "pairs":
            return {_setting("", k): _setting("", v) for k, v in inner}
        raise InvalidInput(f"{key}= has an unknown type")
    return [_setting("", part) for part in value] if isinstance(value, list) else value


def _part(name: str, told: Any, kind: str, arrays: Arrays, shapes: Shapes) -> Any:
    """Return a fitted attribute after checking its kind and shape."""
    if kind.startswith("model "):
        if told["kind"] != kind.split()[1]:
            raise InvalidInput(f"its {name} contains a {told['kind']!r}")
        return _made(told, arrays, shapes, MAX_DEPTH)
    if kind.startswith(("names", "terms")):
        words = told["names"] if kind.startswith("names") else told
        if not isinstance(words, list) or not words or not _are_names(words, numbers=kind[0] == "n"):
            raise InvalidInput(f"its {name} has names that are not distinct texts")
        shapes.bind(name, kind.split()[1], (len(words),))
        if kind.startswith("terms"):
            return {word: i for i, word in enumerate(words)}
        texts = isinstance(words[0], str)
        return np.array(words, dtype=(object if told["object"] is True else str) if texts else None)
    if kind.startswith("size"):
        if type(told) is not int:
            raise InvalidInput(f"its {name} has a size of {told!r}")
        shapes.bind(name, kind.split()[1], (told,))
        return told
    if isinstance(told, dict):
        array = arrays[told["array"]]
        shapes.bind(name, kind.partition("|")[0], array.shape)
        if np.isnan(array).any():
            raise InvalidInput(f"its {name} contains NaN")
        return np.flip(array, tuple(told["backwards"]))
    if (told is None and "none" in kind) or (type(told) in {int, float} and "number" in kind):
        return told
    raise InvalidInput(f"its {name} lacks an array")


def _are_names(words: list[Any], *, numbers: bool) -> bool:
    """Return whether these are distinct texts, or class names that are numbers or booleans."""
    kinds = set(map(type, words))
    if len(kinds) > 1 or not kinds <= ({str, bool, int, float} if numbers else {str}):
        return False
    return len(set(words)) == len(words) and (kinds == {str} or all(abs(word) < 2**63 for word in words))


def _warn_of_version(written: str) -> None:
    import sklearn

    if written.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        warnings.warn(
            f"The model was saved with scikit-learn {written[:20]}, but this is {sklearn.__version__}, so "
            "its predictions may differ. To be sure, save it again from the session.",
            UserWarning,
            stacklevel=3,
        )
