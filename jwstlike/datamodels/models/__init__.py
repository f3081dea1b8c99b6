"""The named model classes, by family; `CLASSES` says which module holds which."""

FAMILIES = {
    "image": "ImageModel CubeModel QuadModel",
    "ramp": "RampModel Level1bModel RampFitOutputModel",
    "reference": (
        "ReferenceFileModel ReferenceImageModel ReferenceCubeModel ReferenceQuadModel MaskModel "
        "SaturationModel IPCModel SuperBiasModel ResetModel LastFrameModel GainModel "
        "ReadnoiseModel LinearityModel DarkModel DarkMIRIModel FlatModel"
    ),
    "detector": (
        "DarkNirspecModel IRS2Model PersistenceSatModel PictureFrameModel TrapDensityModel "
        "TrapParsModel"
    ),
    "optics": (
        "PixelAreaModel NirspecIfuAreaModel NirspecMosAreaModel NirspecSlitAreaModel "
        "BarshadowModel PathlossModel MirLrsPathlossModel FringeModel FringeFreqModel "
        "MirMrsPtCorrModel MirMrsXArtCorrModel NRMModel PsfMaskModel ResolutionModel "
        "MiriResolutionModel SossBkgModel StrayLightModel ThroughputModel WfssBkgModel"
    ),
    "photom": (
        "FgsImgPhotomModel MirImgPhotomModel MirLrsPhotomModel MirMrsPhotomModel "
        "MirWfssPhotomModel NisImgPhotomModel NisSossPhotomModel NisWfssPhotomModel "
        "NrcImgPhotomModel NrcWfssPhotomModel NrsFsPhotomModel NrsMosPhotomModel"
    ),
    "apcorr": (
        "FgsImgApcorrModel MirImgApcorrModel MirLrsApcorrModel MirMrsApcorrModel "
        "NisImgApcorrModel NisWfssApcorrModel NrcImgApcorrModel NrcWfssApcorrModel "
        "NrsFsApcorrModel NrsIfuApcorrModel NrsMosApcorrModel"
    ),
    "extraction": (
        "MiriIFUCubeParsModel NirspecIFUCubeParsModel Extract1dIFUModel PastasossModel "
        "SpecKernelModel SpecProfileSingleModel SpecTraceSingleModel WaveMapSingleModel"
    ),
    "wcs": (
        "DistortionModel DistortionMRSModel ChromCorrModel FilteroffsetModel CameraModel "
        "CollimatorModel OTEModel FOREModel FPAModel MSAModel IFUFOREModel IFUPostModel "
        "IFUSlicerModel DisperserModel RegionsModel WaveCorrModel SpecwcsModel "
        "MiriLRSSpecwcsModel MiriWFSSSpecwcsModel NIRCAMGrismModel NIRISSGrismModel"
    ),
    "spectrum": (
        "SpecModel MRSSpecModel TSOSpecModel WFSSSpecModel CombinedSpecModel WFSSCombinedSpecModel"
    ),
    "ifu": "IFUImageModel IFUCubeModel OutlierIFUOutputModel",
    "guider": "GuiderRawModel GuiderCalModel",
    "derived": (
        "SegmentationMapModel ContrastModel TrapsFilledModel SossExtractModel SossWaveGridModel"
    ),
}
CLASSES = {name: family for family, names in FAMILIES.items() for name in names.split()}
