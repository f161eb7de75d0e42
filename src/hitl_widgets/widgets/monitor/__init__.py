"""Monitor: the quality of the labels and the model, and where the labels are saved."""

from hitl_widgets.widgets.monitor.widget import Monitor, model_words

__all__ = ["Monitor", "model_words"]
