"""The scikit-learn estimators that a model file may contain, and their saved attributes."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cache
from pkgutil import iter_modules
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items import features

__all__ = ["FIXED", "FORGOTTEN", "NESTED", "Kind", "Shapes", "class_of", "estimators"]


@dataclass(frozen=True)
class Kind:
    """One estimator.

    Attributes
    ----------
    home
        Its module in scikit-learn, or the full name of our own module.
    fitted
        The fitted attributes: an array, given by its dimensions (``r`` is 1 for two classes, else the number
        of classes), ``names`` of classes, ``terms`` of a vocabulary in order, the ``size`` of a dimension, a
        ``model``, a ``number``, or ``none``. With ``?``, the attribute may be missing.
    """

    home: str
    fitted: dict[str, str] = field(default_factory=dict)


@dataclass
class Shapes:
    """The dimensions of an estimator by letter, which must be consistent across its attributes."""

    sizes: dict[str, int] = field(default_factory=dict)

    def bind(self, name: str, letters: str, shape: tuple[int, ...]) -> None:
        """Check that a shape is consistent with the others.

        Raises
        ------
        InvalidInput
            If it is not.
        """
        wanted = letters.split()
        fits = len(wanted) == len(shape) and min(shape) > 0
        for letter, n in zip(wanted, shape, strict=False):
            fits = fits and self.sizes.setdefault(letter, n) == n
        if "k" in self.sizes:
            k = self.sizes["k"]
            fits = fits and k > 1 and self.sizes.get("r", 1 if k == 2 else k) == (1 if k == 2 else k)
        if not fits:
            raise InvalidInput(f"its {name} has inconsistent arrays: {shape} for ({letters})")


SIZE = {"n_features_in_": "size d"}
CLASSES = {"classes_": "names k"}
LINEAR = CLASSES | {"coef_": "r d", "intercept_": "r|number"} | SIZE
COUNTED = CLASSES | SIZE | {"feature_log_prob_": "k d", "class_log_prior_": "k"}
COUNTED |= {"feature_count_": "k d", "class_count_": "k"}

_KINDS = {
    "LogisticRegression": Kind("linear_model", LINEAR),
    "SGDClassifier": Kind("linear_model", LINEAR),
    "Perceptron": Kind("linear_model", LINEAR),
    "LinearSVC": Kind("svm", LINEAR),
    "LinearDiscriminantAnalysis": Kind("discriminant_analysis", LINEAR),
    "GaussianNB": Kind(
        "naive_bayes",
        CLASSES | SIZE | {"theta_": "k d", "var_": "k d", "class_prior_": "k", "class_count_": "k"},
    ),
    "MultinomialNB": Kind("naive_bayes", COUNTED),
    "ComplementNB": Kind("naive_bayes", COUNTED | {"feature_all_": "d"}),
    "BernoulliNB": Kind("naive_bayes", COUNTED),
    "ForestClassifier": Kind(
        "hitl_widgets.learn.forest",
        CLASSES | SIZE | {"column_": "t m", "left_": "t m", "threshold_": "t m", "share_": "t m k"},
    ),
    "Constant": Kind("hitl_widgets.learn.relevance", {"share_": "number"}),
    "Nystroem": Kind(
        "kernel_approximation",
        SIZE | {"components_": "c d", "normalization_": "c c", "component_indices_": "c"},
    ),
    "StandardScaler": Kind("preprocessing", SIZE | {"mean_": "d|none", "var_": "d|none", "scale_": "d|none"}),
    "MinMaxScaler": Kind(
        "preprocessing",
        SIZE | {"scale_": "d", "min_": "d", "data_min_": "d", "data_max_": "d", "data_range_": "d"},
    ),
    "MaxAbsScaler": Kind("preprocessing", SIZE | {"scale_": "d", "max_abs_": "d"}),
    "RobustScaler": Kind("preprocessing", SIZE | {"center_": "d|none", "scale_": "d|none"}),
    "Normalizer": Kind("preprocessing", {"n_features_in_": "size d?"}),
    "PCA": Kind(
        "decomposition",
        SIZE | {"components_": "c d", "mean_": "d", "explained_variance_": "c", "n_components_": "size c"},
    ),
    "TruncatedSVD": Kind("decomposition", SIZE | {"components_": "c d"}),
    "TfidfTransformer": Kind("feature_extraction.text", {"idf_": "d?", "n_features_in_": "size d?"}),
    "TfidfVectorizer": Kind(
        "feature_extraction.text", {"vocabulary_": "terms d", "_tfidf": "model TfidfTransformer"}
    ),
    "CountVectorizer": Kind("feature_extraction.text", {"vocabulary_": "terms d"}),
    "HashingVectorizer": Kind("feature_extraction.text"),
    "DictVectorizer": Kind("feature_extraction", {"vocabulary_": "terms d"}),
}
NESTED = {
    "Pipeline": "sklearn.pipeline",
    "FeatureUnion": "sklearn.pipeline",
    "Beside": "hitl_widgets.items.features.lists",
    "Joined": "hitl_widgets.items.features.lists",
    "RelevanceClassifier": "hitl_widgets.learn.relevance",
    "OrdinalClassifier": "hitl_widgets.learn.relevance",
}
# Parameters that are not saved: computational settings, and folders that could contain pickles.
FORGOTTEN = {"n_jobs", "random_state", "verbose", "memory", "copy"}
# Parameters that may contain code, files or patterns, which are neither saved nor loaded.
FIXED = {
    "input", "token_pattern", "tokenizer", "preprocessor", "vocabulary", "kernel_params", "transform_input",
    "covariance_estimator",
}  # fmt: skip


@cache
def estimators() -> dict[str, Kind]:
    """Return all estimators by name: those above, and those listed in modules of ``items/features``."""
    names = (f"{features.__name__}.{found.name}" for found in iter_modules(features.__path__))
    modules = [importlib.import_module(name) for name in names if not name.rpartition(".")[2].startswith("_")]
    own = {
        name: Kind(module.__name__, fitted)
        for module in modules
        for name, fitted in getattr(module, "ESTIMATORS", {}).items()
    }
    return _KINDS | own


def class_of(name: str) -> Any:
    """Return the class with this name, if it is in the list."""
    if name in NESTED:
        return getattr(importlib.import_module(NESTED[name]), name)
    home = estimators()[name].home
    module = home if home.startswith("hitl_widgets.") else f"sklearn.{home}"
    return getattr(importlib.import_module(module), name)
