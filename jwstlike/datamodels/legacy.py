"""Methods of older releases that programs still call."""

from ..errors import UnknownAttributeError
from . import formats


class TreeWithHistory:
    """The tree of a model and its history, under the names that `asdf.AsdfFile` has for them."""

    def __init__(self, model):
        self.tree = model.instance
        self.add_history_entry = model.add_history_entry
        self.get_history_entries = lambda: list(model.history)


class LegacyMethods:
    """Older names of things that `DataModel` does under other names now."""

    @classmethod
    def from_fits(cls, init, schema=None, **kwargs):
        """Make a model from a FITS file; the constructor does the same."""
        return cls(init, schema=schema, **kwargs)

    @classmethod
    def from_asdf(cls, init, schema=None, **kwargs):
        """Make a model from an ASDF file; the constructor does the same."""
        return cls(init, schema=schema, **kwargs)

    @staticmethod
    def open_asdf(init=None, **kwargs):
        """Open an ASDF file by asdf itself, or make an empty `AsdfFile`."""
        import asdf

        return (
            asdf.AsdfFile(init, **kwargs)
            if init is None or isinstance(init, dict)
            else (asdf.open(init, **kwargs))
        )

    @classmethod
    def read(cls, init, *args, **kwargs):
        """Make a model from a file; the constructor does the same."""
        return cls(init, *args, **kwargs)

    def write(self, path, *args, **kwargs):
        """Save; see `save`."""
        return self.save(path, *args, **kwargs)

    @property
    def _asdf(self):
        """What programs ask the `AsdfFile` of a model for: ``tree`` and history entries."""
        return TreeWithHistory(self)

    def getarray_noinit(self, attribute):
        """Return what an attribute holds; a default is not made.

        Raises
        ------
        AttributeError
            When it holds nothing.
        """
        if not self.hasattr(attribute):
            raise UnknownAttributeError(attribute, type(self).__name__)
        return getattr(self, attribute)

    def get_fileext(self):
        """Suffix of the files that the model is saved in by default."""
        return "fits"

    # ------------------------------------------------------------ celestial coordinates

    def get_fits_wcs(self, hdu_name="SCI", hdu_ver=1, key=" "):
        """Return the `astropy.wcs.WCS` that the header to be written describes.

        Parameters
        ----------
        hdu_name : str
        hdu_ver : int
        key : str
            Which of alternative descriptions: " " or a letter.

        Raises
        ------
        AttributeError
            When the model has no such HDU.
        """
        import astropy.io.fits as afits
        from astropy.wcs import WCS

        text = formats.function(formats.FITS_HEADER)(self, hdu_name, hdu_ver)
        return WCS(afits.Header.fromstring(text), key=key)

    def set_fits_wcs(self, wcs, hdu_name="SCI"):
        """Take over the header cards of an `astropy.wcs.WCS`.

        Cards that the schema knows become attributes, others go to `extra_fits`.
        """
        bound = self._table.cards
        for card in wcs.to_header().cards:
            for spec in bound.get((hdu_name.upper(), card.keyword), ()):
                self[".".join(spec.path)] = card.value
            if (hdu_name.upper(), card.keyword) not in bound:
                self._put_extra(hdu_name.upper(), list(card))

    def _put_extra(self, extname, card):
        """Set one card of `extra_fits`."""
        self._load_all()
        hdu = self._tree.setdefault("extra_fits", {}).setdefault(extname, {})
        cards = hdu.setdefault("header", [])
        cards[:] = [c for c in cards if c[0] != card[0]] + [card]
