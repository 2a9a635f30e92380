"""`python -m registercodes.sandbox`."""

import sys

from registercodes.sandbox.cli import main

sys.exit(main())
