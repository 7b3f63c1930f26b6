/** `graphc completion`: a script by which a shell completes what is typed. */
import { UserError } from "../../dsl/user-error.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { type CompletedCommand, completedCommands } from "../completion/words.ts";
import { zshScript } from "../completion/zsh.ts";
import type { Command, CommandEntry } from "../options/command.ts";
import { nearest } from "../options/near-miss.ts";

const SHELLS: ReadonlyMap<string, (commands: readonly CompletedCommand[]) => string> = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);

/** The script of a shell, on standard output; of which commands, is told from outside, since this is one of them. */
export const completionOf = (commands: Readonly<Record<string, CommandEntry>>): Command => ({
  name: "completion",
  operands: "bash | zsh | fish",
  arity: [1, 1],
  needs: "the name of a shell",
  example: "bash",
  options: {},
  notes: [
    'bash: source <(graphc completion bash), in ~/.bashrc. zsh: source <(graphc completion zsh), behind compinit in ~/.zshrc. fish: "graphc completion fish | source", in its config.fish.',
    "It completes `graphc` as it is found in PATH; npx asks no command for words.",
  ],
  async run(args, io) {
    const [shell] = args.operands as [string];
    const script = SHELLS.get(shell);
    if (!script) {
      const meant = nearest(shell, [...SHELLS.keys()]);
      throw new UserError(
        `there is no completion for "${shell}"`,
        meant === undefined ? `it is for ${[...SHELLS.keys()].join(", ")}` : `did you mean ${meant}?`,
      );
    }
    const text = script(await completedCommands(commands));
    io.out(args.flag("json") ? JSON.stringify({ shell, script: text }) : text);
    return 0;
  },
});
