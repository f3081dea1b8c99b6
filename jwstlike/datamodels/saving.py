"""Save models: the steps that all formats share."""

from . import formats, validate

WRITETO = ("output_verify", "overwrite", "checksum")  # order of ``HDUList.writeto``


class Saving:
    """The part of `DataModel` that writes files."""

    def save(self, path, dir_path=None, *args, **kwargs):
        """Save atomically as FITS or ASDF, by the suffix of `path`.

        Parameters
        ----------
        path : str, Path or callable
            A callable is given `meta.filename`. ``a.fits.gz`` is packed (also .bz2, .xz, .zst); an
            address (``s3://bucket/a.fits``) is written by fsspec.
        dir_path : str or Path, optional
            Folder to save in.
        *args, **kwargs
            For the format: ``overwrite=True``; FITS: ``checksum=False``, ``compress`` (True, an
            algorithm, or EXTNAME -> algorithm) for images compressed without loss; addresses:
            ``storage_options``.

        Returns
        -------
        str
            The path of the file.

        Raises
        ------
        ValueError
            For an unknown suffix.
        OSError
            When the file cannot be written; an older file of that name is then untouched.
        """
        if callable(path):
            path = path(self.meta.filename)
        path = formats.target_of(path, dir_path)
        writer = formats.writer_for(path)
        with validate.gathered():
            self.on_save(str(path))
            self._check_for_save()
            writer(self, path, *args, **kwargs)
        return str(path)

    def to_fits(self, init, *args, **kwargs):
        """Write a FITS file; like `save`, but an existing file is an error without overwrite."""
        kwargs = {"overwrite": False, **dict(zip(WRITETO, args, strict=False)), **kwargs}
        with validate.gathered():
            self.on_save(init)
            self._check_for_save()
            formats.write("fits", self, init, **kwargs)

    def to_asdf(self, init, *args, **kwargs):
        """Write an ASDF file."""
        with validate.gathered():
            self.on_save(init)
            self._check_for_save()
            formats.write("asdf", self, init, *args, **kwargs)
