"""Monitor: how good the labels and the model are, and where the labels lie."""

from hitl_widgets.widgets.monitor.widget import Monitor, model_words

__all__ = ["Monitor", "model_words"]
