"""`sanchayd` as a service of the operating system: what is written where, and what is typed to start it.

The files come from the templates in `packaging/`; `sanchayctl.hosts` knows each system's manager of services.
"""
