"""Jumps of the signal from cosmic rays."""

import logging

from ..errors import NotApplicable, ParameterError
from ..stpipe import Step
from . import kernels
from .reference_match import cut, exposure_numbers

log = logging.getLogger(__name__)

MINIMUM_GROUPS = 3
NOT_YET = ("expand_large_events", "find_showers")


class JumpStep(Step):
    """Flag the groups after which a cosmic ray has raised the signal."""

    class_alias = "jump"
    reference_file_types = ("gain", "readnoise")
    input_types = ("RampModel",)
    spec = """
        rejection_threshold             = float(default=4.0,min=0)     # Least jump, in sigma, with four or more differences
        three_group_rejection_threshold = float(default=6.0,min=0)     # The same with two differences
        four_group_rejection_threshold  = float(default=5.0,min=0)     # The same with three differences
        maximum_cores                   = string(default='1')          # Kept for old parameter files; the kernels use all cores
        flag_4_neighbors                = boolean(default=True)        # Flag the four neighbours of a jump too
        max_jump_to_flag_neighbors      = float(default=1000)          # Largest jump, in sigma, that flags its neighbours
        min_jump_to_flag_neighbors      = float(default=10)            # Least jump, in sigma, that flags its neighbours
        after_jump_flag_dn1             = float(default=0)             # Least jump, in DN, that flags later groups
        after_jump_flag_time1           = float(default=0)             # Seconds after it that are flagged
        after_jump_flag_dn2             = float(default=0)             # The same for larger jumps
        after_jump_flag_time2           = float(default=0)             # Seconds after those
        expand_large_events             = boolean(default=False)       # Flag around snowballs; not available yet
        min_sat_area                    = float(default=1.0)           # Snowballs: least saturated area, pixels
        min_jump_area                   = float(default=5.0)           # Snowballs: least area of jumps, pixels
        expand_factor                   = float(default=2.0)           # Snowballs: factor of their radius
        use_ellipses                    = boolean(default=False)       # Snowballs: ellipses in place of circles
        sat_required_snowball           = boolean(default=True)        # Snowballs: their core must be saturated
        min_sat_radius_extend           = float(default=2.5)           # Snowballs: least radius of a core that is extended
        sat_expand                      = integer(default=2)           # Snowballs: pixels that a core is extended by
        edge_size                       = integer(default=25)          # Snowballs: width of the edge where no core is needed
        mask_snowball_core_next_int     = boolean(default=True)        # Snowballs: flag the core in the next integration
        snowball_time_masked_next_int   = integer(default=4000)        # Snowballs: seconds of it
        find_showers                    = boolean(default=False)       # Flag showers (MIRI); not available yet
        max_shower_amplitude            = float(default=4)             # Showers: largest signal, DN/s
        extend_snr_threshold            = float(default=1.2)           # Showers: least signal-to-noise ratio
        extend_min_area                 = integer(default=90)          # Showers: least area, pixels
        extend_inner_radius             = float(default=1)             # Showers: inner radius of the smoothing ring, pixels
        extend_outer_radius             = float(default=2.6)           # Showers: outer radius of the smoothing ring, pixels
        extend_ellipse_expand_ratio     = float(default=1.1)           # Showers: factor of the ellipses
        time_masked_after_shower        = float(default=15)            # Showers: seconds flagged after one
        min_diffs_single_pass           = integer(default=10)          # From this many differences on a single pass is made
        max_extended_radius             = integer(default=200)         # Snowballs and showers: largest radius, pixels
        minimum_groups                  = integer(default=3)           # Fewer usable groups: nothing is looked for
        minimum_sigclip_groups          = integer(default=100)         # From this many on, differences are clipped by their scatter
        only_use_ints                   = boolean(default=True)        # Clip over integrations only, not over groups
    """  # noqa: E501 - a table

    def process(self, ramp):
        """Flag in place."""
        for name in NOT_YET:
            if getattr(self, name):
                raise ParameterError(
                    f"step {self.name!r}, parameter {name!r}: is not available yet; leave it False"
                )
        ngroups = ramp.shape[1]
        if ngroups < MINIMUM_GROUPS:
            raise NotApplicable(f"{ngroups} groups; jumps show from {MINIMUM_GROUPS} on")
        gain = cut(ramp, self.open_reference(ramp, "gain"))
        readnoise = cut(ramp, self.open_reference(ramp, "readnoise"))
        groupdq, pixeldq = ramp.groupdq, ramp.pixeldq
        kernels.jump.flag_bad_gain(pixeldq, gain)
        limits = (self.minimum_groups, self.min_diffs_single_pass, self.minimum_sigclip_groups)
        method = kernels.jump.choose_method(groupdq, limits, self.only_use_ints)
        if method is None:
            log.warning("fewer than %d usable groups: no jumps are looked for", self.minimum_groups)
            kernels.jump.drop_unusable_jumps(groupdq)
        else:
            rules = self._rules(ramp, method)
            count = kernels.jump.flag_jumps(ramp.data, groupdq, gain, readnoise, rules)
            self._note(ramp, count)
        ramp.groupdq, ramp.pixeldq = groupdq, pixeldq
        return ramp

    def _rules(self, ramp, method):
        nframes, group_time = exposure_numbers(ramp, "nframes", "group_time")
        after = (
            (self.after_jump_flag_dn1, int(self.after_jump_flag_time1 // group_time)),
            (self.after_jump_flag_dn2, int(self.after_jump_flag_time2 // group_time)),
        )
        return kernels.jump.Rules(
            thresholds=(
                self.rejection_threshold,
                self.four_group_rejection_threshold,
                self.three_group_rejection_threshold,
            ),
            nframes=nframes,
            method=method,
            neighbours=(self.min_jump_to_flag_neighbors, self.max_jump_to_flag_neighbors)
            if self.flag_4_neighbors
            else None,
            after=tuple((level, count) for level, count in after if count > 0),
        )

    def _note(self, ramp, count):
        """Enter the rate of cosmic rays into the metadata, per second and 1000 pixels."""
        nints, ngroups, ny, nx = ramp.shape
        (group_time,) = exposure_numbers(ramp, "group_time")
        unusable = int(kernels.jump.unusable_groups(ramp.groupdq).sum())
        total = nints * ngroups - unusable - nints
        ramp.meta.exposure.primary_cosmic_rays = 1000.0 * count / (group_time * total * ny * nx)
        ramp.meta.exposure.extended_emission_events = 0.0
        log.info("%d groups hold a jump", count)
