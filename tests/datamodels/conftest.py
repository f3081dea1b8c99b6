"""Files that tests of several modules use."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels


@pytest.fixture
def foreign(tmp_path):
    """Save an image of another observatory, in the primary HDU."""
    primary = afits.PrimaryHDU(np.arange(6, dtype="i2").reshape(2, 3))
    primary.header["BUNIT"] = "adu"
    for number, kind in ((1, "RA---TAN"), (2, "DEC--TAN")):
        primary.header[f"CTYPE{number}"] = kind
        primary.header[f"CRVAL{number}"] = 10.0 * number
        primary.header[f"CDELT{number}"] = 0.1
    path = tmp_path / "foreign.fits"
    primary.writeto(path)
    return datamodels.JwstDataModel(path, validate="off")
