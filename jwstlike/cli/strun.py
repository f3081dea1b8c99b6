"""The console script ``strun``."""

import sys


def main(argv=None):
    """Run a step or pipeline; return the exit code."""
    from ..stpipe import cmdline

    return cmdline.main(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
