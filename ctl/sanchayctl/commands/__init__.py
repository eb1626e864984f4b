"""One module for each noun; `sanchayctl.cli` lists them and imports the one that was asked for."""
