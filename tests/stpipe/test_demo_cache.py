"""The demo's cache and detector: what the references say is what the exposure does."""

import ast
import base64
import gzip
import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits

from jwstlike.stpipe import crds_client
from jwstlike.stpipe.demo_cache import OMITTED, RULES, make_cache, make_exposure
from jwstlike.stpipe.demo_detector import COUPLING, Detector
from jwstlike.stpipe.demo_exposure import couple
from jwstlike.stpipe.demo_scene import cosmic_rays, make_scene, star_profile

DETECTOR = Detector("NIRCAM", (48, 40), 3)


@pytest.fixture(scope="module", params=["NIRCAM", "MIRI"])
def cache(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    return make_cache(root, instrument=request.param, shape=(24, 16), seed=3)


def references(cache):
    return sorted((cache.root / "references/jwst" / cache.detector.instrument.lower()).iterdir())


def catalogue(cache):
    config = ast.literal_eval((cache.root / "config/jwst/server_config").read_text())
    payload = base64.b64decode(config["download_metadata"]["crds_payload"])
    return json.loads(gzip.decompress(payload))


# ---------------------------------------------------------------- cache


def test_there_is_one_reference_of_each_type_that_applies(cache):
    kinds = {path.stem.split("_")[2] for path in references(cache)}
    assert kinds == set(RULES) - set(OMITTED[cache.detector.instrument])


def test_the_catalogue_holds_size_and_sum_of_each_file(cache):
    assert catalogue(cache) == {
        path.name: {
            "size": str(path.stat().st_size),
            "sha1sum": hashlib.sha1(path.read_bytes()).hexdigest(),
        }
        for path in [*references(cache), *(cache.root / "mappings/jwst").iterdir()]
    }


def test_the_sum_of_a_mapping_is_that_of_its_other_lines(cache):
    for path in (cache.root / "mappings/jwst").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        [line] = [text for text in lines if "sha1sum" in text]
        rest = "".join(text for text in lines if text is not line)
        assert hashlib.sha1(rest.encode()).hexdigest() in line


def test_the_real_client_finds_every_type_for_the_exposure(cache, monkeypatch, tmp_path):
    for name, value in cache.env.items():
        monkeypatch.setenv(name, value)
    make_exposure(tmp_path / "input.fits", cache)
    header = fits.getheader(tmp_path / "input.fits")
    keys = {
        "instrument.name": "INSTRUME",
        "instrument.detector": "DETECTOR",
        "instrument.filter": "FILTER",
        "instrument.pupil": "PUPIL",
        "exposure.type": "EXP_TYPE",
        "exposure.readpatt": "READPATT",
        "subarray.name": "SUBARRAY",
        "observation.date": "DATE-OBS",
        "observation.time": "TIME-OBS",
    }
    parameters = {f"meta.{path}": header[key] for path, key in keys.items() if key in header}
    paths = crds_client.get_multiple_reference_paths(parameters, list(RULES), "jwst")
    absent = {kind for kind, path in paths.items() if path == "N/A"}
    assert absent == set(OMITTED[cache.detector.instrument])


def test_each_reference_says_what_it_is_for(cache):
    for path in references(cache):
        if path.suffix == ".fits":
            header = fits.getheader(path)
            kind = path.stem.split("_")[2]
            assert (header["REFTYPE"], header["TELESCOP"]) == (kind.upper(), "JWST")
            assert {"DATAMODL", "USEAFTER", "PEDIGREE", "AUTHOR", "DESCRIP"} <= set(header)
            assert (header["SUBSTRT1"], header["SUBSIZE1"], header["SUBSIZE2"]) == (1, 16, 24)


def test_each_context_has_its_own_jump_parameters(tmp_path):
    cache = make_cache(tmp_path, contexts=2, shape=(8, 8))
    assert cache.context == "jwst_0002.pmap"
    folder = tmp_path / "references/jwst/nircam"
    found = [p.read_text() for p in sorted(folder.glob("*pars-jumpstep*"))]
    assert ["rejection_threshold: 4.5" in found[0], "rejection_threshold: 5.0" in found[1]] == [
        True,
        True,
    ]


@pytest.mark.parametrize("words", [{"observatory": "hst"}, {"instrument": "NIRSPEC"}])
def test_what_there_is_no_demo_for_is_refused(tmp_path, words):
    with pytest.raises(ValueError, match="there is one for 'jwst' with NIRCAM, MIRI"):
        make_cache(tmp_path, **words)


def test_the_asdf_references_open(cache):
    import asdf

    paths = [p for p in references(cache) if p.suffix == ".asdf"]
    assert len(paths) == 3
    for path in paths:
        with asdf.open(path) as tree:
            if "distortion" in path.name:
                v2, v3 = tree["model"](1023.5, 1023.5)
                assert (v2, v3) == pytest.approx((120.67, -527.39))
                assert tree["model"].inverse(v2, v3) == pytest.approx((1023.5, 1023.5))
            else:
                assert {"class", "name", "parameters", "steps", "meta"} <= set(tree.keys())


# ---------------------------------------------------------------- detector


def test_coupling_keeps_the_charge_inside():
    image = np.zeros((9, 9), np.float32)
    image[4, 4] = 1000
    spread = couple(image)
    assert spread.sum() == pytest.approx(1000, rel=1e-5)
    assert spread[3:6, 3:6].ravel() == pytest.approx(
        1000 * (COUPLING + np.eye(3)[1] * np.eye(3)[:, 1:2] * (1 - COUPLING.sum())).ravel(),
        rel=1e-4,
    )


def test_the_ipc_reference_undoes_the_coupling():
    image = np.zeros((15, 15), np.float32)
    image[7, 7] = 50000
    spread, kernel = couple(image), DETECTOR.correction_kernel()
    padded = np.pad(spread, 1)
    rows, columns = image.shape
    back = sum(
        kernel[j, i] * padded[2 - j : 2 - j + rows, 2 - i : 2 - i + columns]
        for j in range(3)
        for i in range(3)
    )
    assert np.abs(back - image).max() < 10  # DN, of 50000


def test_the_linearity_reference_undoes_the_nonlinearity(tmp_path):
    cache = make_cache(tmp_path, shape=(8, 8))
    name = "references/jwst/nircam/jwst_nircam_linearity_0001.fits"
    coeffs = fits.getdata(tmp_path / name, "COEFFS").astype(float)
    a, b = cache.detector.nonlinearity()
    true = np.linspace(0, 52000, 30)[:, None, None]
    measured = true + a * true**2 + b * true**3
    back = sum(c * measured**k for k, c in enumerate(coeffs))
    assert np.abs(back - true).max() < 30  # DN, 0.06 % of the full well
    assert (true - measured)[-1].min() > 2000


def test_arrays_depend_on_the_seed_alone():
    again, other = Detector("NIRCAM", (48, 40), 3), Detector("NIRCAM", (48, 40), 4)
    assert (again.bias() == DETECTOR.bias()).all()
    assert (other.bias() != DETECTOR.bias()).any()


def test_reference_pixels_lie_where_the_detector_ends():
    corner = DETECTOR.is_reference_pixel()
    assert (corner[:4].all(), corner[:, :4].all()) == (True, True)
    assert not corner[4:, 4:].any()
    whole = Detector("NIRCAM", (2048, 2048), 0).is_reference_pixel()
    assert whole.sum() == 2048**2 - 2040**2


# ---------------------------------------------------------------- scene


def test_a_star_keeps_its_light():
    d = np.arange(-200, 201, dtype=np.float32)
    assert star_profile(d, d[:, None]).sum() == pytest.approx(1, abs=0.02)


def test_a_scene_has_sky_everywhere_and_stars():
    scene = make_scene((64, 48), np.random.default_rng(1))
    assert (scene.shape, scene.dtype) == ((64, 48), np.float32)
    assert scene.min() > 1
    assert scene.max() > 1000


def test_cosmic_rays_come_at_their_rate_and_stay_in_the_image():
    pixels, charge = cosmic_rays((500, 400), 100.0, np.random.default_rng(1))
    assert 0 <= pixels.min() <= pixels.max() < 500 * 400
    assert charge.min() >= 300
    assert pixels.size == pytest.approx(5e-5 * 100 * 200000 * 4.5, rel=0.1)
