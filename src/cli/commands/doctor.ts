import type { Check } from "../../contracts/nanos.ts";
import { type Command, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span, type Style } from "../render/line.ts";
import { pad } from "../render/width.ts";

export const command: Command = {
  name: "doctor",
  summary: "what is missing on this machine, and the next thing to do",
  example: "nanos doctor --sandbox",
  options: [{ flag: "--sandbox", about: "try to escape the sandbox, for real, and report" }],
  run: async (context, input) => {
    const checks = await (await context.nanos()).doctor(flag(input, "--sandbox"));
    await show(context, checks, () => checks.flatMap(checkLines));
    return checks.some(({ state }) => state === "bad") ? EXIT.failed : EXIT.succeeded;
  },
};

/** A check as a line, and what to do about it as a second. */
export function checkLines(check: Check): readonly Line[] {
  const { sign, style } = SIGN[check.state];
  return [
    [span(`${sign} `, style), `${pad(check.name, 14)} ${check.says}`],
    ...(check.next === undefined ? [] : [[span(`  ${" ".repeat(15)}${check.next}`, "cyan")]]),
  ];
}

const SIGN: Readonly<Record<Check["state"], { readonly sign: string; readonly style: Style }>> = {
  ok: { sign: "✓", style: "green" },
  warn: { sign: "!", style: "yellow" },
  bad: { sign: "✗", style: "red" },
};
