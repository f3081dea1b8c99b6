"""Flags, literally."""

import pytest

from jwstlike.datamodels import dqflags

GROUP = {
    "GOOD": 0, "DO_NOT_USE": 1, "SATURATED": 2, "JUMP_DET": 4, "DROPOUT": 8, "PERSISTENCE": 32,
    "AD_FLOOR": 64, "CHARGELOSS": 128,
}  # fmt: skip


def test_the_flags_of_groups():
    assert dqflags.group == GROUP


@pytest.mark.parametrize(
    ("name", "bit"),
    [
        ("DO_NOT_USE", 0),
        ("SATURATED", 1),
        ("JUMP_DET", 2),
        ("DROPOUT", 3),
        ("DEAD", 10),
        ("HOT", 11),
    ],
)
def test_the_flags_of_pixels(name, bit):
    assert dqflags.pixel[name] == 1 << bit


def test_values_have_names():
    assert dqflags.dqflags_to_mnemonics(5, dqflags.pixel) == {"DO_NOT_USE", "JUMP_DET"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(5, 5), ("5", 5), ("DO_NOT_USE+JUMP_DET", 5), ("DO_NOT_USE|JUMP_DET", 5),
     ("DO_NOT_USE, JUMP_DET", 5), ([1, 4], 5), ("~JUMP_DET", ~4), ("None", None)],
)  # fmt: skip
def test_flags_are_read_from_many_forms(flags, expected):
    assert dqflags.interpret_bit_flags(flags, mnemonic_map=dqflags.pixel) == expected
