"""Models in files: loaded models predict like saved ones, and nothing in a file can run."""

from __future__ import annotations

import ast
import io
import json
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.models import files as models
from hitl_widgets.models.files import load_model, save_model
from hitl_widgets.session import Session

Make = Callable[..., Session]

SOURCE = Path(__file__).parents[3] / "src"


def assert_same(one: Any, two: Any, X: Any) -> None:
    """Assert equality of predictions; BLAS may round differently from one call to the next."""
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(one, method):
            found, expected = getattr(two, method)(X), getattr(one, method)(X)
            assert found.dtype == expected.dtype
            if np.issubdtype(expected.dtype, np.floating):
                tolerance = 1e4 * np.finfo(expected.dtype).eps
                np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
            else:
                np.testing.assert_array_equal(found, expected)


# -- from a session


def saved(session: Session, path: Path) -> tuple[Any, Any]:
    """The session's model, and the same model loaded; refitting it may change its last bit."""
    model = session.model()
    return model, load_model(save_model(model, path))


def taught(make_session: Make, data: Any, says: Callable[[int], str], **options: Any) -> Session:
    session = make_session(data, **options)
    for i in range(0, len(session.pool), 3):
        session.label(session.pool.ids[i], says(i))
    return session


def two_moons(n: int = 200) -> tuple[Any, Any]:
    from sklearn.datasets import make_moons

    X, y = make_moons(n, noise=0.05, random_state=0)
    return X.astype(np.float32), np.array(["a", "b"])[y]


@pytest.mark.parametrize(
    "learner",
    [
        "auto",
        "linear",
        "graph",
        LogisticRegression(C=3),
        GaussianNB(),
        SGDClassifier(loss="log_loss", random_state=0),
        LinearSVC(),
    ],
    ids=str,
)
def test_models_of_rows(make_session: Make, tmp_path: Path, learner: Any) -> None:
    X, names = two_moons()
    session = taught(make_session, X, lambda i: names[i], learner=learner)
    assert_same(*saved(session, tmp_path / "m.npz"), session.features)
    path = session.save_model(tmp_path / "m.npz")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = hitl.load_model(path).predict(session.features)
    assert found.tolist() == session.model().predict(session.features).tolist()


@pytest.mark.parametrize(("n_words", "learner"), [(5, "auto"), (400, "auto"), (5, "linear")], ids=str)
def test_models_of_texts(make_session: Make, tmp_path: Path, n_words: int, learner: Any) -> None:
    rng = np.random.default_rng(0)
    words = [f"wörd{i}" for i in range(n_words)]
    texts = [" ".join([f"{'ab'[i % 2]}tell", *rng.choice(words, 6)]) for i in range(150)]
    session = taught(make_session, texts, lambda i: "ab"[i % 2], learner=learner)
    model, found = saved(session, tmp_path / "m.npz")
    assert_same(model, found, [*texts, "", "something new", "atell"])
    assert found.predict(["atell"]).tolist() == ["a"]


def test_models_of_tables_and_images(make_session: Make, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"n": np.arange(60), "s": list("xy") * 30, "t": [f"some {i} text" for i in range(60)]}
    )
    images = [np.full((30, 30), (i % 2) * 150 + i, np.uint8) for i in range(60)]
    for data in (rows, images):
        session = taught(make_session, data, lambda i: "ab"[i % 2])
        assert_same(*saved(session, tmp_path / "m.npz"), data)


def test_models_behind_an_encoder_of_ones_own(make_session: Make, tmp_path: Path) -> None:
    texts = [f"{'spam' if i % 2 else 'ham'} number {i}" for i in range(60)]
    for encoder in (
        make_pipeline(CountVectorizer(ngram_range=(1, 2), stop_words=["number"]), TruncatedSVD(5)),
        make_pipeline(TfidfVectorizer(analyzer="char", use_idf=False), PCA(4)),
        make_pipeline(HashingVectorizer(n_features=64), TruncatedSVD(5)),
    ):
        session = taught(make_session, texts, lambda i: "ab"[i % 2], embed=encoder, learner="linear")
        assert_same(*saved(session, tmp_path / "m.npz"), texts)


def test_models_that_are_more_than_numbers_say_so(make_session: Make, tmp_path: Path) -> None:
    X, names = clouds()
    session = taught(make_session, X, lambda i: names[i], learner=RandomForestClassifier(5))
    with pytest.raises(HitlError, match=r"A RandomForestClassifier cannot be saved .*export\('labels.jsonl'"):
        session.save_model(tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInput, match=r"ending with '\.npz'"):
        save_model(session.model(), tmp_path / "m.pkl")
    with pytest.raises(HitlError, match="two classes"):
        make_session().save_model(tmp_path / "m.npz")


# -- any model


CLASSIFIERS: list[Any] = [
    LogisticRegression(), LogisticRegression(fit_intercept=False, class_weight={"a": 2.0}), LinearSVC(),
    SGDClassifier(loss="modified_huber"), Perceptron(), LinearDiscriminantAnalysis(), GaussianNB(),
    MultinomialNB(), ComplementNB(norm=True), BernoulliNB(binarize=0.5),
]  # fmt: skip
STEPS: list[Any] = [
    [], [StandardScaler()], [StandardScaler(with_mean=False, with_std=False)], [MinMaxScaler((0, 2))],
    [MaxAbsScaler()], [RobustScaler(with_centering=False)], [Normalizer("l1")], [PCA(2, whiten=True)],
    [TruncatedSVD(2)], [Nystroem(gamma=0.5, n_components=8)], [Nystroem("poly", degree=2, n_components=8)],
    [StandardScaler(), Nystroem(n_components=5), MinMaxScaler()],
]  # fmt: skip


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@given(st.data())
def test_what_is_loaded_predicts_what_was_saved(tmp_path: Path, data: st.DataObject) -> None:
    classifier, steps = data.draw(st.sampled_from(CLASSIFIERS)), data.draw(st.sampled_from(STEPS))
    k, d = data.draw(st.integers(2, 4)), data.draw(st.integers(3, 6))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    X, y = rng.random((40, d)).astype(dtype), np.array(list("abcd"), dtype=object)[np.arange(40) % k]
    if isinstance(classifier, MultinomialNB | ComplementNB):
        steps = [*steps, MinMaxScaler(clip=True)]
    one = make_pipeline(*steps, classifier).fit(X, y)
    assert_same(one, load_model(save_model(one, tmp_path / "m.npz")), rng.random((30, d)).astype(dtype))


@pytest.mark.parametrize(
    "model",
    [
        TfidfVectorizer(tokenizer=str.split, token_pattern=None),
        CountVectorizer(input="filename"),
        CountVectorizer(token_pattern="(a+)+$"),
        Nystroem(kernel=lambda x, y: 1.0),
    ],
    ids=["tokenizer", "files", "pattern", "kernel"],
)
def test_settings_that_are_code_or_files_are_not_saved(tmp_path: Path, model: Any) -> None:
    with pytest.raises(HitlError, match="cannot be saved"):
        save_model(model, tmp_path / "m.npz")


def test_a_class_that_only_bears_the_name_is_not_saved(tmp_path: Path) -> None:
    class GaussianNB(BaseEstimator):
        pass

    with pytest.raises(HitlError, match="A GaussianNB cannot be saved"):
        save_model(GaussianNB(), tmp_path / "m.npz")


# -- files from other sources


@pytest.fixture
def path(tmp_path: Path) -> Path:
    X, names = clouds()
    return save_model(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, names), tmp_path / "m.npz")


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    told = json.loads(arrays.pop("model").tobytes())
    change(told, arrays)
    text = told if isinstance(told, bytes) else json.dumps(told).encode()
    np.savez(path, model=np.frombuffer(text, np.uint8), **arrays)
    return path


def steps(told: dict[str, Any]) -> Any:
    return told["model"]["steps"]


CHANGES: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("its format is 2", lambda t, a: t.update(format=2)),
    ("not a model file of hitl-widgets", lambda t, a: t.update(what="other")),
    ("not one of", lambda t, a: steps(t)[1][1].update(kind="os.system")),
    ("not one of", lambda t, a: steps(t)[1][1].update(kind="RandomForestClassifier")),
    ("inconsistent", lambda t, a: a.update(a3=a["a3"][:, :2])),
    ("inconsistent", lambda t, a: a.update(a3=np.vstack([a["a3"]] * 3))),
    ("inconsistent", lambda t, a: a.update(a3=a["a3"].ravel())),
    ("inconsistent", lambda t, a: steps(t)[1][1]["fitted"].update(n_features_in_=10**12)),
    ("a size of", lambda t, a: steps(t)[1][1]["fitted"].update(n_features_in_={"array": "a3"})),
    ("has dtype float16", lambda t, a: a.update(a3=a["a3"].astype(np.float16))),
    ("has dtype <U", lambda t, a: a.update(a3=a["a3"].astype(str))),
    ("contains NaN", lambda t, a: a.update(a3=a["a3"] * np.nan)),
    ("KeyError", lambda t, a: a.pop("a3")),
    ("wrong parts", lambda t, a: steps(t)[1][1]["fitted"].pop("coef_")),
    ("wrong parts", lambda t, a: steps(t)[1][1]["fitted"].update(predict=1)),
    ("not distinct texts", lambda t, a: steps(t)[1][1]["fitted"]["classes_"].update(names=["a", "a"])),
    ("not distinct texts", lambda t, a: steps(t)[1][1]["fitted"]["classes_"].update(names=["a", 7])),
    ("lacks an array", lambda t, a: steps(t)[1][1]["fitted"].update(coef_=7)),
    ("sets memory=", lambda t, a: steps(t)[1][1]["params"].update(memory="/tmp")),
    ("sets tokenizer=", lambda t, a: steps(t)[1][1]["params"].update(tokenizer="x")),
    ("Invalid parameter", lambda t, a: steps(t)[1][1]["params"].update(evil=1)),
    ("must be", lambda t, a: steps(t)[1][1]["params"].update(C="x")),
    ("unknown type", lambda t, a: steps(t)[1][1]["params"].update(C={"import": "os"})),
    ("no steps", lambda t, a: t["model"].update(steps=[])),
    ("KeyError", lambda t, a: t.pop("model")),
    ("contains NaN", lambda t, a: t.update(x=float("nan"))),
]


@pytest.mark.parametrize(("words", "change"), CHANGES)
def test_models_that_could_not_be_are_refused(path: Path, words: str, change: Callable[..., Any]) -> None:
    with pytest.raises(InvalidInput, match="cannot be loaded as a model") as error:
        load_model(rewritten(path, change))
    assert words in str(error.value)


def test_the_unchanged_file_is_loaded(path: Path) -> None:
    assert load_model(rewritten(path, lambda told, arrays: None)).predict(clouds()[0][:1]).tolist() == ["a"]


def test_parts_within_parts_end_somewhere(path: Path) -> None:
    def nest(told: Any, arrays: Any) -> None:
        for _ in range(100):
            told["model"] = {"kind": "Pipeline", "steps": [["x", told["model"]]]}

    with pytest.raises(InvalidInput, match="nested too deep"):
        load_model(rewritten(path, nest))


class Evil:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('it ran')",))


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "m.npz"
    np.savez(file, model=np.array([Evil()], dtype=object))
    with pytest.raises(InvalidInput, match="has dtype object"):
        load_model(file)
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InvalidInput, match="not a zip file"):
        load_model(file)
    with pytest.raises(InvalidInput, match="File not found"):
        load_model(tmp_path / "no.npz")


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a0.npy", header((10**15,)), "does not match its shape"),
        ("a0.npy", header((0,)), "does not match its shape"),
        ("a0.npy", header((2,)) + bytes(8), "does not match its shape"),
        ("a0.npy", header((1,), "|O") + bytes(8), "has dtype object"),
        ("a0.npy", b"\x93NUMPY\x03\x00" + bytes(100), "version"),
        ("a0.npy", b"no array", "magic"),
        ("../a0.npy", b"", "not part of a model"),
        ("a0.npy", b"", "cannot be loaded"),
    ],
)
def test_arrays_that_lie_about_their_size_are_refused(
    path: Path, name: str, content: bytes, words: str
) -> None:
    with zipfile.ZipFile(path.with_name("evil.npz"), "w") as archive:
        archive.writestr(name, content)
    with pytest.raises(InvalidInput, match=words):
        load_model(path.with_name("evil.npz"))


def test_what_unpacks_to_too_much_is_refused_before_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = path.with_name("evil.npz")
    with zipfile.ZipFile(evil, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a0.npy", header((2**20,)) + bytes(2**23))
    monkeypatch.setattr(models, "MAX_BYTES", 2**22)
    with pytest.raises(InvalidInput, match="unpacks to more than"):
        load_model(evil)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_twice_and_a_damaged_file_are_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a0.npy", header((1,)) + bytes(8))
    with pytest.raises(InvalidInput, match="not part of a model"):
        load_model(path)
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="cannot be loaded as a model"):
        load_model(path)
    path.write_bytes(content[:300])
    with pytest.raises(InvalidInput, match="cannot be loaded as a model"):
        load_model(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2000), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(path: Path, place: int, value: int) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    changed = path.with_name("changed.npz")
    changed.write_bytes(content)
    try:
        found = load_model(changed)
    except InvalidInput:
        return
    assert_same(load_model(path), found, clouds()[0])


def test_another_version_of_scikit_learn_is_said(path: Path) -> None:
    with pytest.warns(UserWarning, match=r"saved with scikit-learn 1\.2\.0"):
        load_model(rewritten(path, lambda told, arrays: told.update(sklearn="1.2.0")))


# -- the source


def test_nothing_in_the_source_runs_what_it_reads() -> None:
    """The source uses no form of pickle; the only exec runs our own notebook."""
    banned = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "torch"}
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names} & banned
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").partition(".")[0]} & banned
                if (node.module or "").startswith("joblib"):
                    names |= {a.name for a in node.names} & {"load", "Memory"}
            elif isinstance(node, ast.Call):
                names = _dangerous(node)
            found += [f"{file.relative_to(SOURCE)}:{node.lineno} {name}" for name in names]
    assert [f.partition(":")[0] for f in found] == ["hitl_widgets/cli.py"], found
    assert found[0].endswith(" exec")


def _dangerous(call: ast.Call) -> set[str]:
    name = ast.unparse(call.func)
    trusting = any(
        k.arg == "allow_pickle" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
        for k in call.keywords
    )
    alone = {"eval", "exec", "__import__"}
    dotted = {"joblib.load", "torch.load", "pd.read_pickle", "pandas.read_pickle", "joblib.Memory"}
    return {name} if name in alone | dotted or trusting else set()


def test_of_equal_rows_the_model_says_the_same_however_many_are_asked(make_session: Make) -> None:
    stars = np.random.default_rng(5).integers(1, 6, 300)
    table = pd.DataFrame({"id": np.arange(300), "stars": stars})
    session = taught(make_session, table, lambda i: "ab"[int(stars[i] == 3)], id="id", columns=["stars"])
    model = session.model()
    told = [model.predict_proba(pd.DataFrame({"stars": [3] * n}))[0, 1] for n in (1, 2, 5, 20, 300)]
    np.testing.assert_allclose(told, told[0], atol=1e-6)
    assert told[0] > 0.5
    features = session.features[:60]
    last = model.steps[-1][1]
    one_by_one = np.concatenate([last.predict_proba(row[None]) for row in features])
    np.testing.assert_allclose(one_by_one, last.predict_proba(features.astype(np.float64)), atol=1e-5)
