/** What stands in the place of a file and is none: refused with a sentence, and never waited for. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileError, reasonOf, refusing, refusingSync, systemRefusal } from "../../src/files/files.ts";
import { readRegular, readRegularSync, statOf, statOfSync } from "../../src/files/regular.ts";
import { writeWhole } from "../../src/files/whole.ts";

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "graphc-regular-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Both ways of reading must say the same. */
async function refusalOf(path: string): Promise<string> {
  const message = (error: unknown): string => {
    expect(error).toMatchObject({ name: "UserError" });
    return (error as Error).message;
  };
  const one = await readRegular(path).then(() => "read", message);
  let other = "read";
  try {
    readRegularSync(path);
  } catch (error) {
    other = message(error);
  }
  expect(other).toBe(one);
  return one.replace(path, "…");
}

test("a file is read, through a link too", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "text");
  symlinkSync("file", join(folder, "link"));
  for (const name of ["file", "link"]) {
    expect(Buffer.from(await readRegular(join(folder, name))).toString()).toBe("text");
    expect(Buffer.from(readRegularSync(join(folder, name))).toString()).toBe("text");
  }
});

test("what is no file", async ({ skip }) => {
  if (process.platform === "win32") skip("there are no pipes among its files");
  const folder = newFolder();
  const at = (name: string) => join(folder, name);
  execFileSync("mkfifo", [at("pipe")]);
  mkdirSync(at("folder"));
  symlinkSync("circle", at("circle"));
  const server = createServer();
  await new Promise<void>((listening) => server.listen(at("socket"), listening));
  onTestFinished(() => void server.close());
  writeFileSync(at("file"), "");
  expect(await refusalOf(at("pipe"))).toBe("cannot read …: it is a pipe, not a file");
  expect(await refusalOf(at("folder"))).toBe("cannot read …: it is a folder, not a file");
  expect(await refusalOf(at("socket"))).toBe("cannot read …: it is a socket, not a file");
  expect(await refusalOf("/dev/null")).toBe("cannot read …: it is a device, not a file");
  expect(await refusalOf(at("circle"))).toBe("cannot read …: its symbolic links lead in a circle");
  expect(await refusalOf(at("none"))).toBe("cannot read …: there is no such file or folder");
  expect(await refusalOf(at("file/in"))).toBe("cannot read …: a part of its path is a file, not a folder");
  expect(await refusalOf(at("n".repeat(300)))).toBe("cannot read …: its name is too long");
  expect(await refusalOf(at("a\0b"))).toBe("cannot read …: its path holds a zero byte");
});

test("nothing there is no refusal when it is only asked for; what cannot be told is one", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "");
  for (const name of ["none", "file/in"]) {
    expect(await statOf(join(folder, name))).toBeUndefined();
    expect(statOfSync(join(folder, name))).toBeUndefined();
  }
  symlinkSync("circle", join(folder, "circle"));
  await expect(statOf(join(folder, "circle"))).rejects.toThrow("in a circle");
  expect(() => statOfSync(join(folder, "circle"))).toThrow("in a circle");
});

test("a file never takes the place of a device, a pipe or a folder", async ({ skip }) => {
  if (process.platform === "win32") skip("there are no pipes among its files");
  const folder = newFolder();
  execFileSync("mkfifo", [join(folder, "pipe")]);
  mkdirSync(join(folder, "folder"));
  for (const [name, what] of [
    ["pipe", "a pipe"],
    ["folder", "a folder"],
  ] as const) {
    const path = join(folder, name);
    await expect(writeWhole(path, async () => {})).rejects.toThrow(`cannot write ${path}: it is ${what}, not a file`);
  }
});

test("a code of the system that the table does not have is a sentence too; a fault of ours is not", () => {
  expect(reasonOf({ code: "ENOTREADY" })).toBe("the system refuses it (ENOTREADY)");
  for (const code of ["EBADF", "ERR_INVALID_ARG_TYPE", undefined]) expect(reasonOf({ code })).toBeUndefined();
  const fault = new TypeError("x is undefined");
  expect(fileError(fault, "f", "read")).toBe(fault);
  expect(systemRefusal(fault)).toBeUndefined();
  expect(() => refusingSync("f", "write", () => JSON.parse("{"))).toThrow(SyntaxError);
  const refused = { code: "ESTALE", syscall: "read" };
  expect(systemRefusal(refused)?.message).toBe("the system refused read: it is gone from the server");
  expect(systemRefusal({ ...refused, path: "/x" })?.message).toBe(
    "the system refused read /x: it is gone from the server",
  );
});

test("of work that waits the refusal is told as well", async () => {
  const work = () => Promise.reject(Object.assign(new Error("x"), { code: "EFBIG" }));
  await expect(refusing("f", "write", work)).rejects.toThrow(
    "cannot write f: the file is larger than the disk or the process may hold",
  );
});
