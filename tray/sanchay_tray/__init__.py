"""The icon in the panel (`sanchay-tray`) and the window (`sanchay-window`): Sanchay without a terminal.

Two processes, both thin: they present, and reach the daemon only through `sanchay`.
"""
