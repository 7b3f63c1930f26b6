"""Our .proto schema against the descriptors that coremltools compiled from Apple's, field by field."""
import pathlib
import subprocess
import sys

import coremltools.proto.FeatureTypes_pb2 as feature_types
import coremltools.proto.MIL_pb2 as mil
import coremltools.proto.Model_pb2 as model
import pytest
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parent.parent


def official():
    """Every official message and enum by full name."""
    found = {}

    def visit(message):
        found[message.full_name] = message
        for nested in message.nested_types:
            visit(nested)
        for enum in message.enum_types:
            found[enum.full_name] = enum

    for module in (feature_types, mil, model):
        for message in module.DESCRIPTOR.message_types_by_name.values():
            visit(message)
        for enum in module.DESCRIPTOR.enum_types_by_name.values():
            found[enum.full_name] = enum
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Our schema as compiled by protoc: (full name, message or enum) pairs."""
    out = tmp_path_factory.mktemp("schema") / "schema.bin"
    protos = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
    assert protos, "no schema found"
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--descriptor_set_out={out}", *protos], check=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    messages, enums = [], []

    def visit(prefix, message):
        name = f"{prefix}.{message.name}"
        messages.append((name, message))
        enums.extend((f"{name}.{enum.name}", enum) for enum in message.enum_type)
        for nested in message.nested_type:
            visit(name, nested)

    for file in files:
        for message in file.message_type:
            visit(file.package, message)
        enums.extend((f"{file.package}.{enum.name}", enum) for enum in file.enum_type)
    return messages, enums


def test_every_field_has_the_official_number_type_and_label(ours):
    messages, _ = ours
    theirs = official()
    compared = 0
    for name, message in messages:
        assert name in theirs, f"{name} is not in the official schema"
        fields = theirs[name].fields_by_name
        for field in message.field:
            there = fields.get(field.name)
            assert there is not None, f"{name}.{field.name} is not in the official schema"
            assert field.number == there.number, f"{name}.{field.name}"
            assert field.type == there.type, f"{name}.{field.name}"
            repeated = field.label == field.LABEL_REPEATED
            assert repeated == (there.is_repeated if hasattr(there, "is_repeated") else there.label == there.LABEL_REPEATED)
            referred = (there.message_type or there.enum_type)
            if referred is not None:
                assert field.type_name == f".{referred.full_name}", f"{name}.{field.name}"
            if there.containing_oneof is not None:
                ours_oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
                assert ours_oneof is not None, f"{name}.{field.name} belongs to oneof {there.containing_oneof.name}"
            compared += 1
    assert compared > 100, f"only {compared} fields compared"


def test_every_enum_value_is_official(ours):
    _, enums = ours
    theirs = official()
    assert enums
    for name, enum in enums:
        for value in enum.value:
            assert theirs[name].values_by_name[value.name].number == value.number, f"{name}.{value.name}"
