"""The named model classes, by family; `CLASSES` says which module holds which."""

FAMILIES = {
    "image": "ImageModel CubeModel QuadModel",
    "ramp": "RampModel Level1bModel RampFitOutputModel",
    "reference": (
        "ReferenceFileModel ReferenceImageModel ReferenceCubeModel ReferenceQuadModel MaskModel "
        "SaturationModel IPCModel SuperBiasModel ResetModel LastFrameModel GainModel "
        "ReadnoiseModel LinearityModel DarkModel DarkMIRIModel FlatModel"
    ),
}
CLASSES = {name: family for family, names in FAMILIES.items() for name in names.split()}
