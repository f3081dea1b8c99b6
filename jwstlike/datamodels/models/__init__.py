"""The named model classes, by family; `CLASSES` says which module holds which."""

FAMILIES = {
    "image": "ImageModel CubeModel QuadModel",
    "ramp": "RampModel Level1bModel SuperstripeRampModel RampFitOutputModel",
    "reference": (
        "ReferenceFileModel ReferenceImageModel ReferenceCubeModel ReferenceQuadModel MaskModel "
        "SaturationModel IPCModel SuperBiasModel ResetModel LastFrameModel GainModel "
        "ReadnoiseModel LinearityModel DarkModel DarkMIRIModel FlatModel"
    ),
    "detector": (
        "DarkNirspecModel IRS2Model PersistenceSatModel PictureFrameModel TrapDensityModel "
        "TrapParsModel RSCDModel SIRSKernelModel EmiModel"
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
        "NrcImgPhotomModel NrcWfssPhotomModel NrsFsPhotomModel NrsMosPhotomModel "
        "ABVegaOffsetModel TsoPhotModel"
    ),
    "apcorr": (
        "FgsImgApcorrModel MirImgApcorrModel MirLrsApcorrModel MirMrsApcorrModel "
        "NisImgApcorrModel NisWfssApcorrModel NrcImgApcorrModel NrcWfssApcorrModel "
        "NrsFsApcorrModel NrsIfuApcorrModel NrsMosApcorrModel"
    ),
    "extraction": (
        "MiriIFUCubeParsModel NirspecIFUCubeParsModel Extract1dIFUModel PastasossModel "
        "SpecKernelModel SpecProfileSingleModel SpecTraceSingleModel WaveMapSingleModel "
        "SpecProfileModel SpecTraceModel WaveMapModel SpecPsfModel"
    ),
    "wcs": (
        "DistortionModel DistortionMRSModel ChromCorrModel FilteroffsetModel CameraModel "
        "CollimatorModel OTEModel FOREModel FPAModel MSAModel IFUFOREModel IFUPostModel "
        "IFUSlicerModel DisperserModel RegionsModel WaveCorrModel SpecwcsModel "
        "MiriLRSSpecwcsModel MiriWFSSSpecwcsModel NIRCAMGrismModel NIRISSGrismModel "
        "WavelengthrangeModel"
    ),
    "spectrum": (
        "SpecModel MRSSpecModel TSOSpecModel WFSSSpecModel CombinedSpecModel WFSSCombinedSpecModel"
    ),
    "multispec": (
        "MultiSpecModel MRSMultiSpecModel TSOMultiSpecModel WFSSMultiSpecModel "
        "MultiCombinedSpecModel WFSSMultiCombinedSpecModel"
    ),
    "slit": "SlitModel SlitDataModel MultiSlitModel MultiExposureModel",
    "nirspec_flat": "NirspecFlatModel NirspecQuadFlatModel",
    "ami": "AmiOIModel AmiLgFitModel AmiLgModel",
    "asn": "AsnModel",
    "ifu": "IFUImageModel IFUCubeModel OutlierIFUOutputModel",
    "guider": "GuiderRawModel GuiderCalModel",
    "derived": (
        "SegmentationMapModel ContrastModel TrapsFilledModel SossExtractModel SossWaveGridModel"
    ),
}
CLASSES = {name: family for family, names in FAMILIES.items() for name in names.split()}

# names that older files give -> class of today
LEGACY = {
    "DrizProductModel": "ImageModel",
    "MIRIRampModel": "RampModel",
    "MultiProductModel": "MultiSlitModel",
    "FgsPhotomModel": "FgsImgPhotomModel",
    "MiriImgPhotomModel": "MirImgPhotomModel",
    "MiriMrsPhotomModel": "MirMrsPhotomModel",
    "NircamPhotomModel": "NrcWfssPhotomModel",  # their tables have the columns of this mode
    "NirissPhotomModel": "NisWfssPhotomModel",
    "NirspecPhotomModel": "NrsMosPhotomModel",
    "NirspecFSPhotomModel": "NrsFsPhotomModel",
}

# modules of the field's package that programs import classes from
OLD_MODULES = """
abvega_offset amilg amilgfitmodel amioi apcorr asn background barshadow combinedspec
contrast cube dark emi extract1d_spec flat fringe fringefreq gain guider ifucube
ifucubepars ifuimage image ipc irs2 lastframe level1b linearity mask mrsptcorr mrsxartcorr
multicombinedspec multiexposure multislit multispec nirspec_flat nrm outlierifuoutput
pastasossmodel pathloss persat photom pictureframe pixelarea psfmask quad ramp
rampfitoutput readnoise reference reset resolution rscd saturation segmap sirs_kernel slit
sossextractmodel sosswavegrid spec speckernel specprofile specpsf spectrace straylight
superbias throughput trapdensity trappars trapsfilled tsophot wavemap wcs_ref_models
""".split()


def present_name(name):
    """Return the class name of today for one that a file gives, perhaps with its module."""
    name = name.strip().rpartition(".")[2]
    return LEGACY.get(name, name)
