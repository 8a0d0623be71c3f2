"""How the package under test was built."""

import os
import sysconfig

#: Whether the module takes the ways of a free-threaded build: in such an interpreter, or built with the feature for tests.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED")) or "QUESTDB_PYTHON_AS_FREE_THREADED" in os.environ
