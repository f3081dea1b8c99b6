"""Methods of older releases that programs still call."""

from ..errors import UnknownAttributeError
from . import formats
from .bindings import ITEM
from .validate import dotted


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

        Cards that the schema knows become attributes (of the first item, where it knows them in
        items of a list), others go to `extra_fits`.
        """
        extname = hdu_name.upper()
        for card in wcs.to_header().cards:
            known = self._table.cards.get((extname, card.keyword), ())
            paths = list(filter(None, map(self._first_place, known)))
            for path in paths:
                self[path] = card.value
            if not paths:
                self._put_extra(extname, list(card))

    def _first_place(self, spec):
        """Dotted path of a `Spec`, in the first item if it is one of a list; "" without items."""
        above, in_list, name = dotted(spec.path).partition(f".{ITEM}")
        if not in_list:
            return above
        return f"{above}.0{name}" if self.get(f"{above}.0") is not None else ""

    def _put_extra(self, extname, card):
        """Set one card of `extra_fits`."""
        self._load_all()
        hdu = self._tree.setdefault("extra_fits", {}).setdefault(extname, {})
        cards = hdu.setdefault("header", [])
        cards[:] = [c for c in cards if c[0] != card[0]] + [card]
