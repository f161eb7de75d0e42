"""The scikit-learn estimators that a model file may hold, and what of each is kept."""

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
        Its module in scikit-learn; of our own the whole name.
    fitted
        What fitting leaves, by attribute: an array by its dimensions (``r`` is 1 for two classes, else
        one for each), ``names`` of classes, ``terms`` of a vocabulary in order, the ``size`` of a
        dimension, a ``model``; or a ``number``, or ``none``. With ``?`` it may be missing.
    """

    home: str
    fitted: dict[str, str] = field(default_factory=dict)


@dataclass
class Shapes:
    """Dimensions by their letters, as the parts of one estimator agree on them."""

    sizes: dict[str, int] = field(default_factory=dict)

    def bind(self, name: str, letters: str, shape: tuple[int, ...]) -> None:
        """Refuse a shape that does not go with the others.

        Raises
        ------
        InvalidInput
            For one that does not.
        """
        wanted = letters.split()
        fits = len(wanted) == len(shape) and min(shape) > 0
        for letter, n in zip(wanted, shape, strict=False):
            fits = fits and self.sizes.setdefault(letter, n) == n
        if "k" in self.sizes:
            k = self.sizes["k"]
            fits = fits and k > 1 and self.sizes.get("r", 1 if k == 2 else k) == (1 if k == 2 else k)
        if not fits:
            raise InvalidInput(f"its {name} has arrays that do not go together: {shape} for ({letters})")


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
    "RelevanceClassifier": "hitl_widgets.learn.relevance",
    "OrdinalClassifier": "hitl_widgets.learn.relevance",
}
# Left at what they usually are: how it was computed, and folders in which pickles would be looked for.
FORGOTTEN = {"n_jobs", "random_state", "verbose", "memory", "copy"}
# Code, files and patterns in a setting: saved by nobody, accepted from nobody.
FIXED = {
    "input", "token_pattern", "tokenizer", "preprocessor", "vocabulary", "kernel_params", "transform_input",
    "covariance_estimator",
}  # fmt: skip


@cache
def estimators() -> dict[str, Kind]:
    """Every estimator by its name: those above, and what the modules of ``items/features`` list as theirs."""
    names = (f"{features.__name__}.{found.name}" for found in iter_modules(features.__path__))
    modules = [importlib.import_module(name) for name in names if not name.rpartition(".")[2].startswith("_")]
    own = {
        name: Kind(module.__name__, fitted)
        for module in modules
        for name, fitted in getattr(module, "ESTIMATORS", {}).items()
    }
    return _KINDS | own


def class_of(name: str) -> Any:
    """The class of this name, from the list alone."""
    if name in NESTED:
        return getattr(importlib.import_module(NESTED[name]), name)
    home = estimators()[name].home
    module = home if home.startswith("hitl_widgets.") else f"sklearn.{home}"
    return getattr(importlib.import_module(module), name)
