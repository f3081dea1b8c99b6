"""`SystemCall`: a program of the system as a step."""

import os
import subprocess

from ..errors import StpipeException
from . import datamodel
from .step import Step


class SystemCall(Step):
    """Run a command; ``{0}``, ``{1}`` stand for the arguments of the step."""

    spec = """
    command = string(default='')                         # What to run
    env = string_list(default=list())                    # Variables for it, NAME=value
    log_stdout = boolean(default=True)                   # Log its standard output
    log_stderr = boolean(default=True)                   # Log its standard error
    exitcode_as_exception = boolean(default=True)        # A non-zero exit status is an error
    failure_as_exception = boolean(default=True)         # Failing to start is an error
    """

    def process(self, *args):
        """Run the command and return the arguments: one as it is, several as a tuple.

        Raises
        ------
        StpipeException
            When the command cannot be started or fails, unless switched off.
        """
        texts = [self._text(arg) for arg in args]
        command = self.command
        for number, text in enumerate(texts):
            command = command.replace(f"{{{number}}}", text)
        environment = os.environ | dict(item.split("=", 1) for item in self.env)
        try:
            done = subprocess.run(
                command,
                shell=True,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            if self.failure_as_exception:
                raise StpipeException(f"command {command!r} cannot be run: {error}") from error
            self.log.warning("command %r cannot be run: %s", command, error)
            return args[0] if len(args) == 1 else args
        for wanted, text in ((self.log_stdout, done.stdout), (self.log_stderr, done.stderr)):
            for line in text.splitlines() if wanted else ():
                self.log.info("%s", line)
        if done.returncode and self.exitcode_as_exception:
            raise StpipeException(
                f"command {command!r} ended with exit status {done.returncode}; "
                "see its output in the log"
            )
        return args[0] if len(args) == 1 else args

    @staticmethod
    def _text(arg):
        if datamodel.is_model(arg):
            return str(getattr(arg, "_source_path", None) or datamodel.get_filename(arg) or "")
        return str(arg)
