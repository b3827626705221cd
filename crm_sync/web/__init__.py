"""The HTTP app of the worker: the webhook door, health and metrics. It takes hints in and never decides."""
