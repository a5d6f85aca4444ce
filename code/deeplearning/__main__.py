"""`python -m deeplearning list | run ID …`: see `deeplearning.experiments.cli`."""

import sys

from deeplearning.experiments.cli import main

if __name__ == "__main__":
    sys.exit(main())
