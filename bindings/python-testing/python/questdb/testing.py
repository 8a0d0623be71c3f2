"""A QuestDB for tests, in their own process: the module ``questdb_testing`` under the name ``questdb.testing``.

This file is alone in its folder: the package ``questdb`` around it is that of the official client, of questdb-ingress, or none.
"""

from questdb_testing import *  # noqa: F403
from questdb_testing import __all__  # noqa: F401
