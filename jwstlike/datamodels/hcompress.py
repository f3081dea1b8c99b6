"""Check tiles of HCOMPRESS, whose decoder writes as many pixels as a tile says that it has.

References
----------
FITS standard 4.0, section 10.4.4 (HCOMPRESS) and 10.1 (tiles).
"""

import itertools
import math
import struct

SIZES = struct.Struct(">2xii")  # behind two magic bytes: pixels along both axes


def check_tiles(table):
    """Refuse tiles with more pixels than the header leaves them room for.

    Parameters
    ----------
    table : astropy BinTableHDU
        The compressed image as it is stored.

    Raises
    ------
    ValueError
    """
    header = table.header
    axes = range(header["ZNAXIS"], 0, -1)
    lengths = [header[f"ZNAXIS{n}"] for n in axes]
    steps = [header.get(f"ZTILE{n}", header["ZNAXIS1"] if n == 1 else 1) for n in axes]
    if min(steps, default=0) < 1:
        raise ValueError(f"tiles of {steps} pixels")
    starts = [range(0, n, step) for n, step in zip(lengths, steps, strict=True)]
    for cell, corner in zip(
        table.data["COMPRESSED_DATA"], itertools.product(*starts), strict=False
    ):
        if len(cell) < SIZES.size:
            continue  # it is coded in another way
        found = SIZES.unpack(cell[: SIZES.size].tobytes())
        room = math.prod(map(min, steps, map(int.__sub__, lengths, corner)))
        if min(found) < 0 or math.prod(found) > room:
            raise ValueError(f"a tile of {found} pixels does not fit where {room} are expected")
