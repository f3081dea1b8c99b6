"""``jwstlike demo DIR``: an exposure, the reference cache for it, and what a run needs."""

import argparse
import shlex
import shutil
import sys
import time
from pathlib import Path

MARK = "# made by jwstlike demo"
SMALLEST, LARGEST = 32, 2048
BYTES_PER_PIXEL = 190  # cache, exposure, truth and products
MADE = ("env.sh", "cache", "input.fits", "truth.fits", "sloper.cfg")

CFG = """\
name = "SloperPipeline"
class = "jwst_pipeline.SloperPipeline"
output_file = "myimage.fits"
save_calibrated_ramp = True

[steps]
    [[saturation]]
        skip = False
"""


class DemoError(Exception):
    """A demo cannot be made as asked."""


def main(argv=None):
    """Run the command.

    Returns
    -------
    int
        0; 2 if the folder or the size will not do; 1 if a file cannot be written.
    """
    options = _parser().parse_args(argv)
    try:
        folder = _checked(options)
        made_in = _make(folder, options)
    except DemoError as error:
        print(f"jwstlike demo: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"jwstlike demo: {error.filename or options.dir}: {error.strerror}", file=sys.stderr)
        return 1
    _say_made(options.dir, made_in)
    if not options.quiet:
        _say_next(options.dir)
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike demo",
        description="Make a synthetic exposure, a local reference cache and a sloper.cfg.",
    )
    parser.add_argument("dir", metavar="DIR", help="folder to fill; made if absent")
    parser.add_argument(
        "--size",
        type=int,
        default=LARGEST,
        metavar="N",
        help=f"rows and columns, {SMALLEST} to {LARGEST} (default: {LARGEST})",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same bytes (default: 1)"
    )
    parser.add_argument(
        "--full", action="store_true", help="dark current, non-linearity and drifts as well"
    )
    parser.add_argument(
        "--force", action="store_true", help="write into a folder that holds other files"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say what to type next")
    return parser


def _checked(options):
    """Return the folder if the demo can go there; nothing is written yet."""
    if not SMALLEST <= options.size <= LARGEST:
        raise DemoError(f"--size {options.size}: must be {SMALLEST} to {LARGEST}")
    if options.seed < 0:
        raise DemoError(f"--seed {options.seed}: must not be negative")
    folder = Path(options.dir)
    if folder.exists() and not folder.is_dir():
        raise DemoError(f"{folder}: is a file; name a folder")
    if folder.is_dir() and not options.force and not _is_demo(folder):
        foreign = sorted(p.name for p in folder.iterdir())
        if foreign:
            shown = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
            raise DemoError(
                f"{folder}: holds other files ({shown}); name another folder, or use --force"
            )
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free, needed = shutil.disk_usage(existing).free, options.size**2 * BYTES_PER_PIXEL
    if free < needed:
        raise DemoError(
            f"{folder}: {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB needed; "
            "make room, or use a smaller --size"
        )
    return folder


def _is_demo(folder):
    try:
        return (folder / "env.sh").read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def _make(folder, options):
    """Write everything; return the seconds it took."""
    from ..stpipe.demo_cache import make_cache, make_exposure

    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "env.sh").write_text(MARK + "\n", encoding="utf-8")
    shape = (options.size, options.size)
    _say(f"reference cache for {options.size} x {options.size} pixels")
    cache = make_cache(folder.absolute() / "cache", shape=shape, seed=options.seed)
    _say("exposure of 1 integration x 10 groups" + (", everything on" if options.full else ""))
    make_exposure(folder / "input.fits", cache, options.seed, options.full)
    (folder / "sloper.cfg").write_text(CFG, encoding="utf-8")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in cache.env.items()]
    text = "\n".join([f"{MARK}: where a run finds its reference files", *lines, ""])
    (folder / "env.sh").write_text(text, encoding="utf-8")
    return time.monotonic() - start


def _say(text):
    print(f"making {text} ...", flush=True)


def _say_made(folder, seconds):
    size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) / 1e6
    print(f"made {folder}: {', '.join(MADE)} ({size:.0f} MB, {seconds:.0f} s)")


def _say_next(folder):
    where = shlex.quote(str(folder))
    print("now type:")
    print(f"    . {where}/env.sh && cd {where}")
    print("    strun sloper.cfg input.fits")
    print("    jwstlike report myimage.run.json")
