"""`Pipeline`: a step made of steps."""

from .step import RomanStep, Step


class Pipeline(Step):
    """Steps that work together.

    A subclass names them in `step_defs` and calls them in `process`: ``self.dq(input)``. Each is
    an instance before `process` starts, with the parameters of ``[steps] [[dq]]``. In
    `step_aliases` steps have other names for parameter files and the command line, in
    `step_defaults` other defaults than their own.
    """

    step_defs = {}  # noqa: RUF012 - each subclass brings its own
    step_aliases = {}  # noqa: RUF012
    step_defaults = {}  # noqa: RUF012

    def _adopt(self, resolved):
        super()._adopt(resolved)
        for name, cls in self.step_defs.items():
            inner = self.__dict__["_substeps"].get(name)
            sub = cls(
                name=name,
                parent=self,
                config_file=self.config_file,
                _validate_kwds=False,
                **({"_resolved": inner} if inner is not None else {}),
            )
            object.__setattr__(self, name, sub)
        self.__dict__["_substeps"] = None

    @property
    def reference_file_types(self):
        """Types of all steps that run and fetch their references beforehand."""
        types = {}
        for name in self.step_defs:
            sub = getattr(self, name)
            if not sub.skip and sub.prefetch_references:
                types.update(dict.fromkeys(sub.reference_file_types))
        return list(types)

    def get_pars(self, full_spec=True):
        """Return the parameters as a dict; those of the steps under ``steps``."""
        pars = super().get_pars(full_spec)
        pars["steps"] = {name: getattr(self, name).get_pars(full_spec) for name in self.step_defs}
        return pars

    def update_pars(self, parameters):
        """Set those of `parameters` that the pipeline and its steps have."""
        super().update_pars({k: v for k, v in parameters.items() if k != "steps"})
        for name, values in (parameters.get("steps") or {}).items():
            if name in self.step_defs:
                getattr(self, name).update_pars(values)


class RomanPipeline(Pipeline, RomanStep):
    """A pipeline on Roman models."""


JwstPipeline = Pipeline
