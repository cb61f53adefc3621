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
    await show(context, checks, () => checkLines(checks));
    return checks.some(({ state }) => state === "bad") ? EXIT.failed : EXIT.succeeded;
  },
};

/** Each check as a line, and what to do about it, or what it comes to, as a second. */
export function checkLines(checks: readonly Check[]): readonly Line[] {
  const probes = checks.filter(({ name }) => name.startsWith("probe "));
  const wide = Math.max(0, ...probes.map(({ name }) => name.length));
  return checks.flatMap((check) =>
    linesOf(check, check.name.startsWith("probe ") ? wide : NAME_CHARS),
  );
}

const NAME_CHARS = 14;

function linesOf(check: Check, width: number): readonly Line[] {
  const { sign, style } = SIGN[check.state];
  const indent = " ".repeat(NAME_CHARS + 3);
  return [
    [span(`${sign} `, style), `${pad(check.name, width)} ${check.says}`],
    ...(check.next === undefined ? [] : [[span(`${indent}${check.next}`, "cyan")]]),
  ];
}

const SIGN: Readonly<Record<Check["state"], { readonly sign: string; readonly style: Style }>> = {
  ok: { sign: "✓", style: "green" },
  warn: { sign: "!", style: "yellow" },
  bad: { sign: "✗", style: "red" },
};
