"""Tests. What is compiled is kept, whatever the environment says: else each of the many processes that tests start
compiles all of Golub and its libraries again, which takes longer than most tests.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
