"""What goes in and out of a session: tables, histories and labels of other tools."""
