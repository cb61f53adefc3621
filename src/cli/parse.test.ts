import { expect, test } from "bun:test";
import fc from "fast-check";
import { GLOBAL_OPTIONS } from "./command.ts";
import { MENU } from "./commands.ts";
import { explain } from "./grammar.ts";
import { parse } from "./parse.ts";

/** A line is understood at once, and the grammar understands it the same way. */
async function check(
  line: string,
  name: string,
  input: { args?: object; rest?: string[]; options?: object },
): Promise<void> {
  const argv = line === "" ? [] : line.split(" ");
  const parsed = await parse(argv, MENU);
  expect(parsed?.command.name).toBe(name);
  expect(parsed?.input).toEqual({ args: {}, rest: [], options: {}, ...input } as never);
  const explained = await explain(argv, MENU, { about: "", version: "" });
  expect(explained.kind).toBe("run");
  if (explained.kind === "run") expect(explained.parsed.input).toEqual(parsed?.input as never);
}

/** A line the quick reader leaves to the grammar. */
async function leaves(line: string): Promise<void> {
  expect(await parse(line.split(" "), MENU)).toBeNull();
}

test("usual lines are read at once", async () => {
  await check("", "session", {});
  await check("run tidy", "run", { args: { TEXT: "tidy" }, rest: ["tidy"] });
  await check("run tidy the notes", "run", {
    args: { TEXT: "tidy" },
    rest: ["tidy", "the", "notes"],
  });
  await check("run --json --model m -", "run", {
    args: { TEXT: "-" },
    rest: ["-"],
    options: { "--json": [""], "--model": ["m"] },
  });
  await check("run --model=m=1 x", "run", {
    args: { TEXT: "x" },
    rest: ["x"],
    options: { "--model": ["m=1"] },
  });
  await check("run -- --json", "run", { args: { TEXT: "--json" }, rest: ["--json"] });
  await check("--home /h trace show r1", "show", {
    args: { RUN: "r1" },
    options: { "--home": ["/h"] },
  });
  await check("trace --no-color", "list", { options: { "--no-color": [""] } });
  await check("grant add web --net a:1 --net b:2", "add", {
    args: { SKILL: "web" },
    options: { "--net": ["a:1", "b:2"] },
  });
  await check("--model m", "session", { options: { "--model": ["m"] } });
  await check("--home /h --model m --plain", "session", {
    options: { "--home": ["/h"], "--model": ["m"], "--plain": [""] },
  });
  await check("trace --limit 5", "list", { options: { "--limit": ["5"] } });
  await check("session --model m", "session", { options: { "--model": ["m"] } });
});

test("plurals and groups alone answer", async () => {
  for (const group of ["agent", "tool", "model", "grant", "trace"]) {
    await check(group, "list", {});
    await check(`${group}s`, "list", {});
    await check(`${group}s list --json`, "list", { options: { "--json": [""] } });
  }
  await check("approvals", "list", {});
  await check("approval list", "list", {});
});

test("everything doubtful is left to the grammar", async () => {
  await leaves("run --nope x");
  await leaves("nope");
  await leaves("trace nope");
  await leaves("trace --help");
  await leaves("run --model");
  await leaves("run --model --json");
  await leaves("run --json=1 x");
  await leaves("resume");
  await leaves("resume a b");
  await leaves("run -x");
  await leaves("-V");
});

test("the quick reader and the grammar agree on every line the quick one takes", async () => {
  const commands = await Promise.all(
    MENU.names.map(async (name) => ({ ...(await MENU.load(name)), name })),
  );
  const paths = commands.flatMap(({ name, subs }) => [
    name,
    ...(subs ?? []).map((sub) => `${name} ${sub.name}`),
  ]);
  const flags = commands
    .flatMap((one) => [one, ...(one.subs ?? [])])
    .flatMap(({ options }) => options ?? [])
    .concat(GLOBAL_OPTIONS);
  const word = fc.oneof(
    fc.constantFrom(...flags.map(({ flag }) => flag)),
    fc.constantFrom(...flags.map(({ flag }) => `${flag}=v`)),
    fc.constantFrom("a", "b c", "-", "--", "1", "{}", "list", "show"),
  );
  const line = fc.tuple(fc.constantFrom(...paths), fc.array(word, { maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(line, async ([path, words]) => {
      const argv = [...path.split(" "), ...words];
      const quick = await parse(argv, MENU);
      if (quick === null) return;
      const slow = await explain(argv, MENU, { about: "", version: "" });
      expect(slow.kind).toBe("run");
      if (slow.kind !== "run") return;
      expect(slow.parsed.command.summary).toBe(quick.command.summary);
      expect(sorted(slow.parsed.input)).toEqual(sorted(quick.input));
    }),
    { numRuns: 200 },
  );
});

function sorted({
  args,
  rest,
  options,
}: {
  args: object;
  rest: readonly string[];
  options: object;
}): unknown {
  return { args, rest, options: Object.fromEntries(Object.entries(options).toSorted()) };
}
