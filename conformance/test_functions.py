"""Several functions in one package: as coremltools writes them from the packages of each size, and as it reads ours."""
import coremltools as ct
import pytest
from coremltools.models.utils import MultiFunctionDescriptor, save_multifunction

import load_package

SIZES = {"infer": 1, "verify4": 4}
LIST = ",".join(SIZES)


@pytest.fixture(scope="module")
def packages(graphc, checkpoint_of, tmp_path_factory):
    """Ours; and what coremltools makes of the two packages that we write without functions."""
    out = tmp_path_factory.mktemp("functions")
    emit = ["emit", checkpoint_of("small"), "--layer", 1, "--max-seq", 256, "--out", out]
    graphc(*emit, "--functions", LIST)
    graphc(*emit, "--tokens", 4)
    [ours] = out.glob("*.infer-verify4.mlpackage")
    both = MultiFunctionDescriptor()
    for name, tokens in SIZES.items():
        [one] = out.glob(f"*.t{tokens}.mlpackage")
        both.add_function(str(one), "main", name)
    both.default_function_name = "infer"
    theirs = out / "theirs.mlpackage"
    save_multifunction(both, str(theirs))
    return ours, theirs


def test_coremltools_loads_ours_and_infers_its_types(packages):
    ours, _ = packages
    count, faults = load_package.check(ours)
    assert count > 100 and faults == [], faults
    # It lists a package's functions by loading all of them.
    assert set(MultiFunctionDescriptor(str(ours))._name_to_source_function) == set(SIZES)


def test_the_description_is_the_one_that_coremltools_writes(packages):
    mine, other = [ct.utils.load_spec(str(path)) for path in packages]
    assert mine.specificationVersion == other.specificationVersion == 9
    for spec in (mine, other):
        description = spec.description
        assert [len(description.input), len(description.output), len(description.state)] == [0, 0, 0]
        assert description.defaultFunctionName == "infer"
        assert set(spec.mlProgram.functions) == set(SIZES)
    faces = [{face.name: face for face in spec.description.functions} for spec in (mine, other)]
    assert list(faces[0]) == list(faces[1]) == list(SIZES)
    for name in SIZES:
        assert faces[0][name].SerializeToString(deterministic=True) == faces[1][name].SerializeToString(deterministic=True)


def test_weights_are_stored_once_in_both(packages):
    sizes, shared = [], []
    for package in packages:
        sizes.append((package / load_package.WEIGHTS / "weight.bin").stat().st_size)
        functions = ct.utils.load_spec(str(package)).mlProgram.functions
        shared.append([offsets(functions[name]) for name in SIZES])
    assert sizes[0] == sizes[1]
    for infer, verify in shared:
        assert infer == verify and len(infer) >= 6


def offsets(function):
    blobs = [op.attributes["val"].blobFileValue for op in function.block_specializations[function.opset].operations if op.type == "const"]
    return sorted({blob.offset for blob in blobs if blob.offset})


def test_each_function_computes_what_that_of_coremltools_computes(packages, graphc):
    ours, theirs = packages
    for name in SIZES:
        found = graphc("diff", ours, theirs, "--function", name, "--json", code=1)
        # Only the spelling differs: names of inner values, where a constant stands.
        assert '"kind": "written"' in found and '"kind": "changed"' not in found, found


def test_our_prover_takes_theirs(packages, graphc):
    _, theirs = packages
    assert "PROVEN (exact)" in graphc("prove", theirs, "--functions", LIST)
