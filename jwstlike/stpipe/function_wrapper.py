"""A function in the place of a step."""


class FunctionWrapper:
    """Give a function the name and the calling of a step.

    Parameters
    ----------
    func : callable
        Called with the step's arguments.
    name : str, optional
    parent : Step, optional
    **kwargs
        Passed to each call.
    """

    class_alias = None

    def __init__(self, func, name=None, parent=None, config_file=None, **kwargs):
        self._func, self.kwargs = func, kwargs
        self.name = name or getattr(func, "__name__", "function")
        self.parent, self.config_file = parent, config_file

    def process(self, *args):
        """Call the function."""
        return self._func(*args, **self.kwargs)

    def run(self, *args):
        """Call the function."""
        return self.process(*args)

    __call__ = run
