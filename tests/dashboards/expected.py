"""What is drawn, and what is expected of it by name."""

import pytest

from render.draw import DESKTOP, LAPTOP

WIDTHS = (DESKTOP, LAPTOP)
THEMES = ("dark", "light")
BOARDS = ("overview", "resource", "exporter")
EACH_PICTURE = pytest.mark.parametrize(
    "name", [f"{board}-{theme}-{width}" for board in BOARDS for theme in THEMES for width in WIDTHS]
)
EACH_OVERVIEW = pytest.mark.parametrize("name", [f"overview-{theme}-{width}" for theme in THEMES for width in WIDTHS])
EACH_RESOURCE = pytest.mark.parametrize("name", [f"resource-{theme}-{width}" for theme in THEMES for width in WIDTHS])
EACH_HEALTH = pytest.mark.parametrize("name", [f"exporter-{theme}-{width}" for theme in THEMES for width in WIDTHS])
ODD = ("none", "one", "many", "down", "names", "lean", "replicas")
EACH_ODD = pytest.mark.parametrize(
    "name",
    [f"{name}-overview-{LAPTOP}" for name in ODD]
    + [f"{name}-{LAPTOP}" for name in ("down-exporter", "lean-resource", "lean-exporter")],
)
EACH_CLOSED = pytest.mark.parametrize("width", WIDTHS)
AXES = {
    **dict.fromkeys(("Age against limit", "Age by kind against limit", "Time since the download check"), "h"),
    **dict.fromkeys(("How far back", "Time since the last restore"), "d"),
    **dict.fromkeys(("Duration against typical", "Running for"), "min"),
    **dict.fromkeys(("Data age against poll interval", "Poll interval in force"), "min"),
    **dict.fromkeys(("Poll duration against poll interval", "Throttled"), "s"),
}
"""The unit of each axis that shows durations."""
BEHIND = {
    "resource": {
        *("Progress", "Running for", "Running at once"),
        *("Kept", "How far back", "Stored"),
        *("Status of the last restore", "Time since the last restore"),
    },
    "exporter": {
        *("API requests by code", "API latency", "Throttled", "Budget left", "Polls"),
        *("CPU", "Memory", "File descriptors", "Log lines dropped", "Task restarts"),
    },
}
"""What is drawn when a closed row is opened."""
MATTERS = {
    *("Severity", "Problem", "Since", "Alert", "Source", "Kind", "Cap"),
    *("State", "Age", "Limit", "Of limit", "Last status", "Size", "Duration", "Kept", "Oldest", "What", "Within"),
    *("Up", "Verdict", "Reason", "Data age", "In intervals", "Interval", "Last poll took", "Resources", "Budget left"),
    *("Schedule", "Vendor says", "Last failure", "First seen", "Version", "Started", "Reload", "Configuration"),
    *("Family",),
}
"""Headers of the columns of which no cell may be cut: all but names, which may have 200 letters."""
