/** Could this machine have made evidence? A Mac with a Neural Engine, and a macOS, a build and a chip that go with each other. */
import type { Evidence } from "../format/evidence.ts";

/** macOS as `15.5` or `15.5.0`, a build as `24F74`. */
const OS_VERSION = /^(\d+)(\.\d+){1,2}$/;
const OS_BUILD = /^(\d+)[A-Z]\d+[a-z]?$/;
/** Of chips of telephones A18 Pro was the first in a Mac (Apple, "MacBook Neo"). */
const CHIP = /^Apple (?:M([1-9]\d*)(?: (?:Pro|Max|Ultra))?|A(?:1[89]|[2-9]\d)(?: Pro)?)$/;
const TOOL_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
/** States and functions came with it. */
export const FIRST_MACOS = 15;
/** macOS 26 came after macOS 15 (Apple, WWDC25). */
const BY_YEARS = 26;
/** Macs of this chip and later came with macOS 26 (Apple, "MacBook Pro, 14-inch, M5": technical specifications), and so did that of A18 Pro. */
const FIRST_BY_YEARS = 5;

/** M1 to M4 by the first number of the model (Apple, "Identify your Mac model"); from Mac17 on a number stands for several chips. */
const CHIP_OF_MODEL: Readonly<Record<string, number>> = { 13: 1, 14: 2, 15: 3, 16: 4 };
/** Macs of M1 have names of their own, too (ibid.). */
const MODEL = /^(?:Mac(\d+),\d+|MacBookAir10,1|MacBookPro1[78],\d|Macmini9,1|iMac21,[12])$/;

/** Why no machine with a Neural Engine can have made it; undefined where one can. */
export function machineProblem({ tool, system }: Pick<Evidence, "tool" | "system">): string | undefined {
  if (!TOOL_VERSION.test(tool.version)) return `${tool.name} has no version "${tool.version}"`;
  if (system.model.startsWith("VirtualMac")) return "it was made on a virtual Mac, which has no Neural Engine";
  return chipProblem(system) ?? macosProblem(system);
}

function chipProblem({ chip, model }: Evidence["system"]): string | undefined {
  const [is, m] = CHIP.exec(chip) ?? [];
  if (is === undefined) return `"${chip}" is no chip of a Mac with a Neural Engine`;
  const [mac, number] = MODEL.exec(model) ?? [];
  if (mac === undefined) return `"${model}" is no Mac with a Neural Engine`;
  const has = number === undefined ? 1 : CHIP_OF_MODEL[number];
  return has === undefined || has === Number(m) ? undefined : `a ${model} has an M${has}, and no ${chip}`;
}

/** The first number of a build is that of Darwin: macOS 15.0 is 24A335, 26.0 is 25A354, 27.0.1 is 26A434 (Apple, "macOS release notes"). */
function macosProblem({ chip, osVersion, osBuild }: Evidence["system"]): string | undefined {
  const [, major] = OS_VERSION.exec(osVersion) ?? [];
  const [, darwin] = OS_BUILD.exec(osBuild) ?? [];
  if (major === undefined || darwin === undefined) return `macOS "${osVersion}" (${osBuild}) is none`;
  const macos = Number(major);
  if (macos < FIRST_MACOS) return `macOS ${osVersion} has no states and no functions; macOS ${FIRST_MACOS} has`;
  if (macos > FIRST_MACOS && macos < BY_YEARS) return `macOS "${osVersion}" (${osBuild}) is none`;
  if (Number(darwin) !== (macos === FIRST_MACOS ? 24 : macos - 1))
    return `${osBuild} is no build of macOS ${osVersion}`;
  const [, m] = CHIP.exec(chip)!;
  return macos >= BY_YEARS || Number(m) < FIRST_BY_YEARS ? undefined : `${chip} has no macOS ${osVersion}`;
}
