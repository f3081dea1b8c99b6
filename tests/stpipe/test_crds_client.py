"""Reference look-ups through the real `crds` client on demo caches; no test reaches a network."""

import hashlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jwstlike.errors import CrdsError, NoReferenceError
from jwstlike.stpipe import crds_cache, crds_client
from jwstlike.stpipe.demo_cache import make_cache

PARAMETERS = {
    "meta.instrument.name": "NIRCAM",
    "meta.instrument.detector": "NRCA1",
    "meta.instrument.filter": "F200W",
    "meta.instrument.pupil": "CLEAR",
    "meta.exposure.type": "NRC_IMAGE",
    "meta.exposure.readpatt": "BRIGHT1",
    "meta.subarray.name": "GENERIC",
    "meta.observation.date": "2024-03-04",
    "meta.observation.time": "05:06:07.000",
    "meta.filename": "input.fits",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_cache(tmp_path_factory.mktemp("crds") / "cache", contexts=2, shape=(16, 16))


@pytest.fixture
def environment(monkeypatch):
    for name in [n for n in os.environ if n.startswith("CRDS_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def cache(template, environment, tmp_path):
    """Return the root of a cache of the test's own, named by the environment."""
    root = tmp_path / "cache"
    shutil.copytree(template.root, root)
    for name, value in {**template.env, "CRDS_PATH": str(root)}.items():
        environment.setenv(name, value)
    return root


def plan(*types, context=None, **changes):
    changes = {"meta." + key.replace("__", "."): value for key, value in changes.items()}
    merged = {k: v for k, v in {**PARAMETERS, **changes}.items() if v is not None}
    return crds_client.plan(merged, types, "jwst", context)


def reference(cache, name):
    return cache / "references/jwst/nircam" / f"jwst_nircam_{name}_0001.fits"


# ---------------------------------------------------------------- answers


def test_each_type_gets_its_file(cache):
    found = crds_client.get_multiple_reference_paths(PARAMETERS, ["mask", "gain"], "jwst")
    assert found == {n: str(reference(cache, n)) for n in ("mask", "gain")}


def test_a_type_declared_not_applicable_is_na(cache):
    assert crds_client.get_reference_file(PARAMETERS, "lastframe", "jwst") == "N/A"


def test_parameter_references_are_found_and_may_be_absent(cache):
    found = plan("pars-jumpstep", "pars-dqinitstep").paths()
    assert Path(found["pars-jumpstep"]).name == "jwst_nircam_pars-jumpstep_0002.asdf"
    assert found["pars-dqinitstep"] == "N/A"


def test_no_types_give_an_empty_answer_without_any_cache(environment):
    assert crds_client.get_multiple_reference_paths({}, [], "jwst") == {}


def test_parameters_must_be_a_dict():
    with pytest.raises(TypeError, match="list, must be a dict"):
        crds_client.get_multiple_reference_paths([], ["dark"], "jwst")


def test_only_plain_values_below_meta_are_sent(cache):
    extra = {"history.0.description": "x", "_fits_hash": "y", "meta.wcs": object()}
    found = crds_client.get_multiple_reference_paths({**PARAMETERS, **extra}, ["dark"], "jwst")
    assert found == {"dark": str(reference(cache, "dark"))}


def test_a_context_given_wins_over_the_environment(cache):
    found = plan("pars-jumpstep", context="jwst_0001.pmap")
    assert found.references["pars-jumpstep"].name == "jwst_nircam_pars-jumpstep_0001.asdf"
    assert (found.context.name, found.context.source) == ("jwst_0001.pmap", "argument")


def test_without_a_variable_the_context_is_the_servers_last_word(cache, environment):
    environment.delenv("CRDS_CONTEXT")
    found = crds_client.resolve_context("jwst")
    assert (found.name, found.source) == ("jwst_0002.pmap", "server_config")


@pytest.mark.parametrize("name", ["latest", "jwst-latest", "jwst-operational", "jwst-edit"])
def test_symbolic_contexts_are_resolved_offline(cache, environment, name):
    environment.setenv("CRDS_CONTEXT", name)
    assert crds_client.get_context_used("jwst") == "jwst_0002.pmap"


def test_a_resolved_context_stays_when_the_environment_changes(cache, environment):
    context = crds_client.resolve_context("jwst", "jwst_0001.pmap")
    environment.setenv("CRDS_CONTEXT", "jwst_0002.pmap")
    assert plan("dark", context=context).context.name == "jwst_0001.pmap"


def test_a_second_cache_in_one_process_is_not_mixed_up(cache, environment, tmp_path):
    first = plan("gain").paths()["gain"]
    other = tmp_path / "other"
    shutil.copytree(cache, other)
    environment.setenv("CRDS_PATH", str(other))
    assert [Path(p).parents[3].name for p in (first, plan("gain").paths()["gain"])] == [
        "cache",
        "other",
    ]


def test_a_flat_cache_is_read(cache):
    folder = cache / "references/jwst"
    for path in (folder / "nircam").iterdir():
        path.rename(folder / path.name)
    (cache / "config/jwst/ref_cache_subdir_mode").write_text("flat")
    assert plan("dark").paths() == {"dark": str(folder / "jwst_nircam_dark_0001.fits")}


def test_an_unresolved_uri_gets_its_place_in_the_cache(cache):
    uri = "crds://jwst_nircam_dark_0001.fits"
    assert crds_client.reference_uri_to_cache_path(uri, "jwst") == str(reference(cache, "dark"))
    with pytest.raises(CrdsError, match="must start with 'crds://'"):
        crds_client.reference_uri_to_cache_path("dark.fits", "jwst")


def test_override_names_and_checks():
    assert crds_client.get_override_name("dark") == "override_dark"
    with pytest.raises(ValueError, match="must be an identifier"):
        crds_client.get_override_name("pars-jumpstep")
    assert crds_client.check_reference_open("N/A") == "N/A"
    with pytest.raises(FileNotFoundError):
        crds_client.check_reference_open("no/such.fits")


# ---------------------------------------------------------------- the process stays as it was


def test_a_lookup_leaves_environment_and_loggers_alone(cache, capfd, caplog):
    crds_client.plan(PARAMETERS, ["dark"], "jwst")
    logger = logging.getLogger("CRDS")
    before = (dict(os.environ), list(logger.handlers), list(logger.filters), logger.level)
    with caplog.at_level(logging.DEBUG, "stpipe.crds"):
        plan("dark", "pars-dqinitstep")
    after = (dict(os.environ), list(logger.handlers), list(logger.filters), logger.level)
    assert after == before
    assert capfd.readouterr() == ("", "")
    assert [(r.levelname, r.getMessage().split(" (")[0]) for r in caplog.records] == [
        ("DEBUG", "context jwst_0002.pmap"),
        ("DEBUG", "no rules for pars-dqinitstep in jwst_nircam_0002.imap"),
    ]


def test_importing_the_client_loads_neither_crds_nor_astropy():
    code = (
        "import sys, jwstlike.stpipe.crds_client;"
        "print([m for m in ('crds', 'astropy', 'asdf', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_exit_of_crds_becomes_an_error(cache, monkeypatch):
    import crds

    def leave(*args, **kwargs):
        raise SystemExit(-1)

    monkeypatch.setattr(crds, "get_cached_mapping", leave)
    with pytest.raises(CrdsError, match="gave up without an answer"):
        plan("dark")


# ---------------------------------------------------------------- errors


def test_nothing_set_up_says_what_to_export(environment, monkeypatch, tmp_path):
    monkeypatch.setattr(crds_cache, "DEFAULT_CACHE", str(tmp_path / "none"))
    assert not crds_client.is_set_up("jwst")
    with pytest.raises(CrdsError) as error:
        plan("dark")
    text = str(error.value)
    for part in ("CRDS_PATH and CRDS_SERVER_URL not set", str(tmp_path / "none"), "jwstlike demo"):
        assert part in text
    assert "export CRDS_PATH=" in text
    assert "export CRDS_SERVER_URL=" in text


def test_an_empty_cache_folder_says_what_to_export(environment, tmp_path):
    environment.setenv("CRDS_PATH", str(tmp_path))
    with pytest.raises(CrdsError, match="export CRDS_SERVER_URL="):
        plan("dark")


def test_a_context_that_is_not_in_the_cache_lists_those_that_are(cache, environment):
    environment.setenv("CRDS_CONTEXT", "jwst_0099.pmap")
    with pytest.raises(CrdsError) as error:
        plan("dark")
    assert "'jwst_0099.pmap' (from CRDS_CONTEXT)" in str(error.value)
    assert "contexts present: jwst_0002.pmap, jwst_0001.pmap" in str(error.value)


@pytest.mark.parametrize(
    "context, part",
    [("jwst_nircam_0001.imap", "set it to a .pmap"), ("2024-01-01", "only a server can tell")],
)
def test_what_cannot_be_a_context_is_refused(cache, environment, context, part):
    environment.setenv("CRDS_CONTEXT", context)
    with pytest.raises(CrdsError, match=part):
        plan("dark")


def test_no_match_names_key_value_and_known_values(cache):
    [text] = plan("dark", exposure__readpatt="DEEP8").problems
    assert text == (
        "no dark reference matches (rmap jwst_nircam_dark_0001.rmap): meta.exposure.readpatt "
        "(READPATT) is 'DEEP8' in input.fits; known values: BRIGHT1, RAPID, SHALLOW4; "
        "matched before: meta.instrument.detector (DETECTOR) = NRCA1"
    )


def test_an_undefined_key_names_path_keyword_and_file(cache):
    [text] = plan("dark", exposure__readpatt=None).problems
    assert "input.fits does not define meta.exposure.readpatt (READPATT)" in text


def test_a_date_before_all_references_names_the_earliest(cache):
    [text] = plan("dark", observation__date="2010-01-01").problems
    assert "the earliest reference is for 2014-01-01 00:00:00" in text


def test_a_missing_date_is_named(cache):
    [text] = plan("dark", observation__date=None).problems
    assert "does not define meta.observation.date (DATE-OBS)" in text


def edit_rmap(cache, kind, edit):
    """Change the rules of a type and mend their checksum."""
    path = cache / f"mappings/jwst/jwst_nircam_{kind}_0001.rmap"
    lines = edit(path.read_text()).splitlines(keepends=True)
    body = "".join(line for line in lines if "sha1sum" not in line)
    digest = hashlib.sha1(body.encode()).hexdigest()
    path.write_text(
        "".join(f"    'sha1sum': {digest!r},\n" if "sha1sum" in x else x for x in lines)
    )


def test_rules_that_name_several_files_are_refused(cache):
    edit_rmap(cache, "dark", lambda t: t.replace("'jwst_nircam_dark_0001.fits'", "('a', 'b')"))
    [text] = plan("dark").problems
    assert "the rules name several files, ('a', 'b'); use override_dark" in text


@pytest.mark.parametrize("word", ["N/A", "OMIT"])
def test_rules_may_say_that_a_type_does_not_apply(cache, word):
    edit_rmap(cache, "dark", lambda t: t.replace("jwst_nircam_dark_0001.fits", word))
    assert plan("dark").paths() == {"dark": "N/A"}


def test_ambiguous_rules_are_told_in_the_clients_words(cache):
    def two(text):
        first = "('NRCA1', 'BRIGHT1|RAPID|SHALLOW4'): "
        assert first in text
        choice = "UseAfter({'2014-01-01 00:00:00': 'x.fits'}),\n    "
        return text.replace(first, "('NRCA*', 'BRIGHT1'): " + choice + first).replace(
            "'mapping'", "'merge_overlaps': 'FALSE',\n    'mapping'"
        )

    edit_rmap(cache, "dark", two)
    [text] = plan("dark").problems
    assert "More than one match clause matched" in text


def test_all_problems_are_told_together(cache):
    found = plan("dark", "drak", "mask", exposure__readpatt="DEEP8")
    assert len(found.problems) == 2
    with pytest.raises(NoReferenceError) as error:
        found.paths()
    assert str(error.value).count("\n") == 1


def test_an_unknown_type_gets_the_nearest_name(cache):
    assert plan("drak").problems == [
        "context jwst_0002.pmap: no reference type 'drak' for NIRCAM; did you mean 'dark'?"
    ]


def test_an_unknown_instrument_gets_the_known_ones(cache):
    with pytest.raises(NoReferenceError, match=r"no instrument 'NIRCAMM'.*mean 'NIRCAM'"):
        plan("dark", instrument__name="NIRCAMM")


def test_a_missing_instrument_names_the_keyword(cache):
    with pytest.raises(NoReferenceError, match=r"input.fits: meta.instrument.name \(INSTRUME\)"):
        plan("dark", instrument__name=None)


def test_all_missing_files_of_an_offline_cache_are_named_at_once(cache):
    for name in ("dark", "gain"):
        reference(cache, name).unlink()
    [text] = plan("dark", "mask", "gain").problems
    for part in ("jwst_0002.pmap", "_dark_0001.fits", "_gain_0001.fits", "CRDS_SERVER_URL is"):
        assert part in text


def test_a_read_only_cache_says_so(cache, environment):
    environment.setenv("CRDS_READONLY_CACHE", "1")
    reference(cache, "dark").unlink()
    [text] = plan("dark").problems
    assert "CRDS_READONLY_CACHE" in text
    assert str(cache) in text


def test_a_truncated_file_is_never_given_away(cache):
    path = reference(cache, "dark")
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    found = plan("dark")
    assert found.references["dark"].path == ""
    [text] = found.problems
    assert f"damaged: {size - 1} bytes, the catalogue says {size}" in text


def test_a_flipped_byte_is_found_by_the_checksum(cache):
    path = reference(cache, "dark")
    data = bytearray(path.read_bytes())
    data[-3000] ^= 1
    path.write_bytes(data)
    [text] = plan("dark").problems
    assert "damaged: sha1" in text


def test_checksums_are_computed_once_per_state_of_a_file(cache, monkeypatch):
    counted = []
    real = crds_cache.file_sha1
    monkeypatch.setattr(crds_cache, "file_sha1", lambda p: counted.append(p) or real(p))
    for _ in range(2):
        plan("dark", "gain")
    assert len(counted) == 2
    os.utime(reference(cache, "gain"), (1, 1))
    plan("dark", "gain")
    assert len(counted) == 3


def test_no_checksum_is_kept_in_a_read_only_cache(cache, environment):
    environment.setenv("CRDS_READONLY_CACHE", "1")
    plan("dark")
    assert not (cache / ".jwstlike").exists()


def test_a_file_marked_bad_is_refused_unless_allowed(cache, environment):
    config = cache / "config/jwst/server_config"
    name = "jwst_nircam_dark_0001.fits"
    config.write_text(
        config.read_text().replace("'bad_files_list': []", f"'bad_files_list': [{name!r}]")
    )
    [text] = plan("dark").problems
    assert name in text
    assert "CRDS_ALLOW_BAD_REFERENCES=1" in text
    environment.setenv("CRDS_ALLOW_BAD_REFERENCES", "1")
    assert plan("dark").problems == []


def test_a_damaged_mapping_is_named(cache):
    rmap = cache / "mappings/jwst/jwst_nircam_dark_0001.rmap"
    rmap.write_text(rmap.read_text().replace("2014", "2015"))
    with pytest.raises(CrdsError, match=r"jwst_nircam_dark_0001.rmap|sha1sum"):
        plan("dark")


def test_a_missing_mapping_is_named(cache):
    (cache / "mappings/jwst/jwst_nircam_dark_0001.rmap").unlink()
    [text] = plan("dark").problems
    assert "rules for dark" not in text
    assert "jwst_nircam_dark_0001.rmap" in text


def test_an_unreadable_server_config_is_named(cache):
    (cache / "config/jwst/server_config").write_text("{'a': ")
    with pytest.raises(CrdsError, match="server_config: no Python dict"):
        plan("dark")


def test_errors_survive_a_pickle(cache):
    import pickle

    with pytest.raises(NoReferenceError) as error:
        plan("drak").paths()
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


# ---------------------------------------------------------------- the field's own client


@pytest.mark.peer
def test_the_fields_own_client_chooses_the_same_files(cache):
    python = Path(os.environ.get("JWSTLIKE_PEER_PYTHON", ""))
    if not python.is_file():
        pytest.skip("JWSTLIKE_PEER_PYTHON does not name the Python of the field's packages")
    types = ["mask", "superbias", "lastframe", "dark", "flat", "pars-jumpstep"]
    code = (
        "import sys, json; from stpipe import crds_client as c; p, t = json.load(sys.stdin);"
        "print(json.dumps(c.get_multiple_reference_paths(p, t, 'jwst')))"
    )
    done = subprocess.run(
        [python, "-c", code],
        input=json.dumps([PARAMETERS, types]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == plan(*types).paths()
