"""Translate between the flags of a reference file (its DQ_DEF table) and the standard flags."""

import logging

import numpy as np

log = logging.getLogger(__name__)


def dynamic_mask(input_model, mnemonic_map, inv=False):
    """Translate the DQ array of a reference model.

    Parameters
    ----------
    input_model : DataModel
        With ``dq`` (uint32) and ``dq_def`` (rows BIT, VALUE, NAME, DESCRIPTION).
    mnemonic_map : dict of str to int
        Standard flags.
    inv : bool
        From standard flags back to those of the table.

    Returns
    -------
    ndarray
        uint32; the array itself when the model has no table.
    """
    return translate(input_model.dq, input_model.dq_def, mnemonic_map, inv)


def translate(dq, dq_def, mnemonic_map, inv=False):
    """Translate an array by a table; names that are not standard are left out and logged."""
    if dq is None or not np.size(dq_def) or np.asarray(dq_def).dtype.names is None:
        return dq
    mnemonic_map = {_text(name): bit for name, bit in mnemonic_map.items()}
    out = np.zeros_like(dq)
    for row in dq_def:
        name = _text(row["NAME"])
        if name not in mnemonic_map:
            log.warning("DQ_DEF: %r is no standard flag; its bit is not translated", name)
            continue
        own, standard = np.uint32(row["VALUE"]), np.uint32(mnemonic_map[name])
        source, target = (standard, own) if inv else (own, standard)
        if source:
            out[(dq & source) == source] |= target
    return out


def _text(name):
    return (name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)).strip()
