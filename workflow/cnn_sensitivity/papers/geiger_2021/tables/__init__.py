"""What makes the tables that only this paper has."""
