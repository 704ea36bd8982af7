"""Grafana dashboards as code: `python -m dashboards.build` writes the JSON that is committed beside it."""

import warnings

with warnings.catch_warnings():
    # Importing the SDK warns that the classic dashboard has a successor. Most Grafanas in use cannot read that one.
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.stat  # noqa: F401
