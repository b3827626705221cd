"""`python -m tests.year`; what it does is in a module that other processes can import, too."""

import sys

from tests.year.whole_year import main

if __name__ == "__main__":
    sys.exit(main())
