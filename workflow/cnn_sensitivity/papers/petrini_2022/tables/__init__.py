"""The tables that this paper alone has."""
