"""Import and export of tables, histories and labels of other tools."""
