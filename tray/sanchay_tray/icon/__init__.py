"""The icon in the panel: what it shows, its menu, and the two libraries that can show it."""
