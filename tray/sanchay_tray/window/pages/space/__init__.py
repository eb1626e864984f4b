"""Space: what takes room, as a map and as a table that show and select the same folder."""
