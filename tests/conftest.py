"""What all tests share."""

import os

from hypothesis import HealthCheck, settings

# times say nothing on a busy machine; the gate tries the same examples each time, others try new
settings.register_profile(
    "jwstlike",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("jwstlike")
