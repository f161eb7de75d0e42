"""The screen: anywidget, and only here."""
