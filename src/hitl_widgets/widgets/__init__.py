"""The widgets; the only part that uses anywidget."""
