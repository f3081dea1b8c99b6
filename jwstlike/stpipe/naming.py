"""Names of the files that a run saves: pure functions over one table of suffixes."""

from pathlib import PurePath

SUFFIXES = frozenset(
    """
    ami ami-oi amiavg aminorm aminorm-oi assign_wcs barshadow blot bsub bsubints c1d cal calints
    calibrated cat charge_migration clean_flicker_noise combine_1d cr crf crfints cube_build dark
    dark_current dq_init emicorr extract_1d extract_2d firstframe flat_field fringe gain_scale
    group_scale guider_cds i2d imprint ints ipc jump lastframe linearity master_background mbsub
    median msa_flagging o outlier_detection outlierdetection pathloss persistence phot photom
    picture_frame psf psfalign psfstack psfsub ramp ramp_fit ramps rate rateints refpix resample
    reset residual_fringe rscd s2d s3d saturation segm skymatch sloper snr srctype stackrefs
    straylight superbias targ_centroid tweakreg uncal wavecorr white_light whtlt x1d x1dints
    """.split()
) - {"o", "ints", "psf"}


def remove_suffix(stem, known=SUFFIXES):
    """Split a known suffix off a name without extension.

    Returns
    -------
    root, separator : str
        ``("a", "_")`` for ``a_rate``; the name itself and ``"_"`` when it has none.
    """
    for position, char in enumerate(stem):
        if char in "_-" and position and stem[position + 1 :].lower() in known:
            return stem[:position], char
    return stem, "_"


def output_name(root, components=(), suffix=None, ext=".fits", known=SUFFIXES):
    """Name of a product, ``<root>[_component ...][_suffix]<ext>``.

    Parameters
    ----------
    root : str
        Name or path of the file that the product is named after; folder and extension go, and
        a known suffix too.
    components : iterable
        Further parts, in order; None is left out.
    suffix : str, False or None
        False keeps the root as it is; None adds nothing.
    ext : str
        With or without its dot.
    known : set of str
        Suffixes that are replaced.
    """
    stem = stem_of(root)
    separator = "_"
    if suffix is not False:
        stem, separator = remove_suffix(stem, known)
    parts = [stem, *(str(c) for c in components if c is not None)]
    if suffix:
        parts.append(str(suffix).lstrip("_-"))
    return separator.join(parts) + extension(ext)


def stem_of(path):
    """File name without folder and extension (``.fits.gz`` is one extension)."""
    name = PurePath(path).name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    return PurePath(name).stem


def extension(ext):
    """Return `ext` with its leading dot; an empty one stays empty."""
    return f".{ext}" if ext and not ext.startswith(".") else ext


def record_name(product):
    """Name of the run record beside a product: ``a_rate.fits`` -> ``a_rate.run.json``."""
    return stem_of(product) + ".run.json"
