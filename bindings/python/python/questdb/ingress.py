"""The module ``questdb_ingress`` under the name of the official package."""

from questdb_ingress import *  # noqa: F403
from questdb_ingress import __all__, __version__  # noqa: F401
