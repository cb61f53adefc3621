import { resolve } from "node:path";
import type { CheckReport } from "../../contracts/portable.ts";
import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "check",
  summary: "find what is wrong with a manifest or a whole arrangement; runs nothing",
  example: "nanos check .nano-os",
  args: [
    {
      name: "PATH",
      about: "a manifest, a skill's folder, an arrangement, an exported run",
      required: true,
      offers: "files",
    },
  ],
  run: async (context, input) => {
    const path = resolve(context.options.cwd ?? ".", arg(input, "PATH"));
    const report = await (await context.house()).check(path);
    await show(context, report, () => reportLines(report));
    return report.ok ? EXIT.succeeded : EXIT.usage;
  },
};

/** What is wrong, place by place. */
export function reportLines({ path, kind, ok, problems, warnings }: CheckReport): readonly Line[] {
  return [
    ...problems.map(({ file, line, column, text }): Line => [
      span(`${file}:${line}:${column}`, "bold"),
      `  ${text}`,
    ]),
    ...warnings.map((text): Line => [span("! ", "yellow"), text]),
    ok
      ? [span("fits ", "green"), `${path}, read as ${kind}`]
      : [span(`${count(problems.length, "fault")} `, "red"), `in ${path}, read as ${kind}`],
  ];
}
