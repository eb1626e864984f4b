"""`sanchayctl`: Sanchay on the command line. Presentation only; the daemon is reached through the package `sanchay`."""
