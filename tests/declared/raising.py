"""A module of a package that needs a setting when it is imported."""

import os

X = os.environ["NO_SUCH_SETTING"]
