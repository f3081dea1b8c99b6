"""Values of the data-quality flags that the kernels set or read.

The pixel flags have 32 bits; the flags of a group are the first eight of them.
"""

DO_NOT_USE = 1
SATURATED = 2
JUMP_DET = 4
PERSISTENCE = 32
AD_FLOOR = 64
CHARGELOSS = 128
NO_GAIN_VALUE = 1 << 19
NO_SAT_CHECK = 1 << 21
