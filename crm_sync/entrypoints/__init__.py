"""The doors: command line, HTTP service, schedule. They open, they hand over, they decide nothing."""
