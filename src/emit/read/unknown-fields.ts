/** Fields that graphc has no name for: what they say would be lost, and nobody would be told. */
import { UserError } from "../../dsl/user-error.ts";

interface AnyMessage {
  readonly $typeName?: string;
  readonly $unknown?: readonly { readonly no: number }[];
}

/** @throws UserError that names the first message with a field which its declaration does not have */
export function refuseUnknownFields(message: object): void {
  const { $typeName, $unknown } = message as AnyMessage;
  const [field] = $unknown ?? [];
  if (field) {
    const name = $typeName?.split(".").at(-1);
    throw new UserError(`a ${name} message has the field ${field.no}, which graphc does not know`);
  }
  for (const value of Object.values(message)) if (isMessages(value)) refuseUnknownFields(value);
}

/** A message, or what holds some; a list of numbers or texts holds none. */
const isMessages = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !isPlainList(value);

const isPlainList = (value: object): boolean => Array.isArray(value) && typeof value[0] !== "object";
