"""`StepConfig`: the parameters of a step as one object, to and from ASDF."""

from datetime import UTC, datetime

from .utilities import get_fully_qualified_class_name

SPECIFY = "<SPECIFY>"


class StepConfig:
    """Class, name and parameters of a step, and those of its sub-steps.

    Parameters
    ----------
    class_name, name : str
    parameters : dict
    steps : list of StepConfig
    """

    def __init__(self, class_name, name, parameters, steps=()):
        self._class_name, self._name = class_name, name
        self._parameters, self._steps = dict(parameters), list(steps)

    @property
    def class_name(self):
        """Full name of the class."""
        return self._class_name

    @property
    def name(self):
        """Name of the step."""
        return self._name

    @property
    def parameters(self):
        """Parameter -> value."""
        return self._parameters

    @property
    def steps(self):
        """Those of the sub-steps."""
        return self._steps

    def __eq__(self, other):
        if not isinstance(other, StepConfig):
            return NotImplemented
        return self._tree() == other._tree()

    __hash__ = None

    def __repr__(self):
        return f"StepConfig({self.class_name!r}, {self.name!r}, {self.parameters}, {self.steps})"

    def _tree(self):
        tree = {"class": self.class_name, "name": self.name, "parameters": self.parameters}
        if self.steps:
            tree["steps"] = [step._tree() for step in self.steps]
        return tree

    def to_asdf(self, include_metadata=False):
        """Return an `asdf.AsdfFile`.

        Parameters
        ----------
        include_metadata : bool
            Add what a reference file needs; unknown values read ``<SPECIFY>``.
        """
        import asdf

        tree = self._tree()
        if include_metadata:
            tree["meta"] = _metadata(self)
        return asdf.AsdfFile(tree)

    @classmethod
    def from_asdf(cls, asdf_file):
        """Read an open `asdf.AsdfFile`.

        Raises
        ------
        ValueError
            When it holds no parameters.
        """
        tree = getattr(asdf_file, "tree", asdf_file)
        if "class" not in tree or "parameters" not in tree:
            raise ValueError("ASDF file holds no step parameters: class or parameters is missing")
        return cls._from_tree(tree)

    @classmethod
    def _from_tree(cls, tree):
        pars = dict(tree["parameters"])
        inner = tree.get("steps") or pars.pop("steps", None) or ()  # among them in layout 0.1.0
        return cls(tree["class"], tree["name"], pars, [cls._from_tree(step) for step in inner])


def _metadata(config):
    short = config.class_name.rpartition(".")[2]
    return {
        "author": SPECIFY,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "description": f"Parameters of {short}",
        "instrument": {"name": SPECIFY},
        "origin": SPECIFY,
        "pedigree": SPECIFY,
        "reftype": f"pars-{short.lower()}",
        "telescope": SPECIFY,
        "useafter": SPECIFY,
    }


def export_config(step):
    """Return the `StepConfig` of a step."""
    pars = step.get_pars()
    pars.pop("steps", None)
    steps = [export_config(getattr(step, name)) for name in step.step_defs or ()]
    pars = {name: value if _is_plain(value) else str(value) for name, value in pars.items()}
    return StepConfig(get_fully_qualified_class_name(step), step.name, pars, steps)


def _is_plain(value):
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
