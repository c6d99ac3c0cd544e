"""``python -m simkaohe`` is the command line."""

import sys

from simkaohe.cli import main

sys.exit(main())
