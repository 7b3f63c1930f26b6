/** Bytes of a model.mlmodel to the messages that they are, held against the declarations in proto/. */
import { fromBinary } from "@bufbuild/protobuf";
import { UserError } from "../../../dsl/user-error.ts";
import { type Model, ModelSchema } from "../../mil/gen/Model_pb.js";
import { checkWire } from "./check-wire.ts";

/** A model, and what to say of the first of its fields that is not declared; such a field is no part of the message. */
export interface ParsedModel {
  readonly message: Model;
  readonly stranger?: string;
}

/** @throws UserError when the bytes are no message, or one that decoders do not agree on */
export function parseModel(bytes: Uint8Array): ParsedModel {
  const stranger = checkWire(ModelSchema, bytes);
  return { message: decoded(bytes), ...(stranger === undefined ? {} : { stranger }) };
}

/** What is left to the decoder to refuse, and has an error of its own, are texts that are not UTF-8. */
function decoded(bytes: Uint8Array): Model {
  try {
    return fromBinary(ModelSchema, bytes);
  } catch (error) {
    throw new UserError(`this is not a Core ML model: ${(error as Error).message}`);
  }
}
