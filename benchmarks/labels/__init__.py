"""How many labels are saved."""
