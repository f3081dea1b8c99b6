"""Programs of the system as steps."""

import pytest

from jwstlike.errors import StpipeException
from jwstlike.stpipe.subproc import SystemCall

pytestmark = pytest.mark.usefixtures("own_folder")


def test_the_command_gets_arguments_and_environment_and_is_logged():
    step = SystemCall(command="echo $COLOUR {0}", env=["COLOUR=blue"])
    assert step.run("sky") == "sky"
    assert any("blue sky" in line for line in step.log_records)


def test_a_failing_command_is_an_error_unless_switched_off():
    with pytest.raises(StpipeException, match=r"'exit 3' ended with exit status 3"):
        SystemCall(command="exit 3").run()
    assert SystemCall(command="exit 3", exitcode_as_exception=False).run(1, 2) == (1, 2)
