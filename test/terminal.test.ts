import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { SETTLE_MS } from "../src/cli/keyboard/settled.ts";
import { addOracle, addTool, useScript } from "./support/hand.ts";
import { type Person, person, type Result } from "./support/nanos.ts";
import { openScreen, type Screen, writtenTo } from "./support/screen.ts";

/** What text would do to a terminal that obeyed it. Every sequence of it has 77 or a name in it. */
const ATTACKS: Readonly<Record<string, string>> = {
  clipboard: "\x1b]52;c;Nzc=\x07",
  "clipboard, ended by ST": "\x1b]52;c;Nzc=\x1b\\",
  title: "\x1b]0;owned77\x07",
  link: "\x1b]8;;http://owned77/\x1b\\here\x1b]8;;\x1b\\",
  clear: "\x1b[2J\x1b[3J\x1b[H",
  "cursor up": "\x1b[77A\x1b[77D",
  "cursor to": "\x1b[77;77H",
  "alternate screen": "\x1b[?1049h",
  "report the cursor": "\x1b[6n",
  reset: "\x1bc",
  blink: "\x1b[5;77m",
  "device control": "\x1bP77q#\x1b\\",
  "C1 sequence": "\x9b77;77H\x9d52;c;Nzc=\x9c\x90q\x9c\x85",
  bidi: "\u202egnp.exe\u202c \u2066ab\u2069 \u200f\u061c",
  "bells and backspaces": "\x07\x08\x08\x08\x7f\x0b\x0c",
  "carriage returns": "safe\rowned",
};
const ALL = Object.values(ATTACKS)
  .map((attack, i) => `part${i} ${attack}`)
  .join(" ");
/** What stays of it: it was there, and could do nothing. */
const LEFT = "part15";

/** Three asks, each left open. */
const LATER = Array.from({ length: 3 }, () => ["l later", "l"] as const);

/** A home whose model, tool, files and requests are full of it. */
async function hostile(): Promise<Person> {
  const me = person();
  await me.nanos("init", "--from", "indie-developer");
  addTool(me, "shout", `return ${JSON.stringify(`tool ${ALL}`)};`);
  addTool(me, "wail", `throw new Error(${JSON.stringify(`error ${ALL}`)});`);
  const name = JSON.stringify(`evil ${ALL.replaceAll("/", "").slice(0, 60)}.md`);
  addTool(me, "scrawl", `fs.writeFileSync(ctx.path("notes") + "/" + ${name}, "x"); return "ok";`, [
    "write:./notes",
  ]);
  addOracle(me, ["file-organiser", "shout", "wail", "scrawl"], ["research"]);
  const says = `model ${ALL}\n\n- ${ALL}\n\n\`\`\`\n${ALL}\n\`\`\`\n\n[${ALL}](http://x/${ALL})\n\nthe end`;
  await useScript(me, [
    { when: { last: "^by letters" }, say: says, chunk: 1 },
    {
      when: { last: "^calls" },
      say: ALL,
      calls: ["shout", "wail", "scrawl"].map((tool) => ({ name: tool, args: { text: ALL } })),
    },
    { when: { last: "^unknown" }, calls: [{ name: `no${ALL}`, args: { [ALL]: ALL } }] },
    { when: { text: "part" }, say: says },
  ]);
  return me;
}

/** Colours, and the erasing of a draft that is drawn properly in its place: our own drawing. */
const OURS =
  // eslint-disable-next-line no-control-regex -- control characters are what this test is about
  /\x1b\[(?:[0-4]|9|2[2-49]|3[1-69]|9[0-7])?m|\x1b\[[1-9]\d?A(?=\x1b\[J)|\r?\x1b\[J|\r\n|\r(?=\x1b\[)/gu;
/** What a terminal obeys, or reads another way round. */
const OBEYED =
  // eslint-disable-next-line no-control-regex -- control characters are what this test is about
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069].{0,12}/gu;
/** What a session must not write, which draws with many sequences of its own. */
const ATTACK =
  // eslint-disable-next-line no-control-regex -- control characters are what this test is about
  /(?:\x1b(?:[\]cP]|[?[]*[\d;]*77|\[[23]J|\[H|\[6n|\[\?1049)|[\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x07\x08\x0b\x0c]).{0,12}/gu;

/** What is left of a terminal's input without our own drawing. */
function foreign(raw: Buffer): readonly string[] {
  return found(raw.toString("utf8").replace(OURS, ""), OBEYED);
}

function found(text: string, what: RegExp): readonly string[] {
  return [...text.matchAll(what)].map(([one]) => JSON.stringify(one));
}

describe("text from a model, a tool or a file does not drive the terminal", () => {
  const terminal = { columns: 80, rows: 24 };
  const cases: readonly (readonly [
    name: string,
    args: readonly string[],
    code: number,
    left: string,
  ])[] = [
    ["whole, as markdown", ["run", `say ${LEFT}`], 0, LEFT],
    ["letter by letter", ["run", "by letters"], 0, LEFT],
    ["as arguments and results", ["run", "calls"], 3, "shout"],
    ["as the name of a tool", ["run", "unknown"], 5, "no"],
    ["as a request", ["run", `say ${ALL}`], 0, LEFT],
    ["in a list of runs", ["trace", "list"], 0, "say"],
    ["in a list of runs, as JSON", ["trace", "list", "--json"], 0, LEFT],
    ["in a trace", ["trace", "show"], 0, "say"],
    ["in the list of what waits", ["approvals", "list"], 0, "shout"],
    ["in an agent that does not exist", ["run", "--agent", ALL, "hello"], 2, "agent"],
    ["in a command that does not exist", [ALL], 2, "part0"],
    ["called directly", ["tool", "call", "shout", JSON.stringify({ text: ALL })], 0, LEFT],
    ["called directly, as JSON", ["tool", "call", "shout", "{}", "--json"], 0, LEFT],
    ["as an error", ["tool", "call", "wail", "{}"], 1, LEFT],
    ["as the name of a file", ["tool", "call", "scrawl", "{}"], 4, "evil"],
  ];
  test("of `run` and of everything that shows it later", async () => {
    using me = await hostile();
    for (const [name, args, code, left] of cases) {
      const written = await writtenTo(terminal, me.userHome, args, LATER);
      expect({ name, foreign: foreign(written.raw) }).toEqual({ name, foreign: [] });
      const said = written.code === code ? "" : written.raw.toString();
      expect({ name, code: written.code, said }).toEqual({ name, code, said: "" });
      expect(Bun.stripANSI(written.raw.toString())).toContain(left);
    }
    const runs = JSON.parse((await me.nanos("trace", "list", "--json")).out) as {
      run: string;
      request: string;
    }[];
    const [first] = runs.filter(({ request }) => request === "calls");
    const again = [
      ["resume", first?.run ?? ""],
      ["trace", "show", first?.run ?? "", "--json"],
      ["why", `${first?.run ?? ""}.2`],
    ];
    for (const args of [...runs.map(({ run }) => ["trace", "show", run]), ...again]) {
      const { raw } = await writtenTo(terminal, me.userHome, args, LATER);
      expect({ args, foreign: foreign(raw) }).toEqual({ args, foreign: [] });
    }
  }, 60_000);

  test("of a session", async () => {
    using me = await hostile();
    const typed = [
      ["twice leaves", `say ${LEFT}\r`],
      ["/trace", "by letters\r"],
      ["/trace", "calls\r"],
      ["wants shout", "?"],
      ["y once", "y"],
      ["wants wail", "y"],
      ["wants scrawl", "l"],
      ["nanos resume", "/trace\r"],
      ["nanos why", "/approvals\r"],
      ["who wants what", "\x04"],
    ] as const;
    const { code, raw } = await writtenTo(terminal, me.userHome, [], typed);
    expect(code).toBe(0);
    // The view ends links it never began.
    const text = raw.toString("utf8").replaceAll("\x1b]8;;\x07", "");
    expect(Bun.stripANSI(text)).toContain(LEFT);
    expect(found(text, ATTACK)).toEqual([]);
  }, 60_000);
});

/** An answer longer than a screen, whose table widens as it comes. */
const LONG = [
  `# Long\n\n| a | b |\n|---|---|`,
  ...Array.from({ length: 30 }, (_, n) => `| ${"x".repeat(n)} row ${n} | ${n} |`),
  "\n```",
  ...Array.from({ length: 30 }, (_, n) => `code ${n};`),
  "```\n",
  ...Array.from({ length: 30 }, (_, n) => `- item ${n}, ${"and so on ".repeat(12)}`),
  "\nThe very end",
].join("\n");

/** An update of the screen, which a terminal that can shows at once. */
const FRAME =
  // eslint-disable-next-line no-control-regex -- control characters are what this test is about
  /\x1b\[\?2026h((?:(?!\x1b\[\?2026[hl]).)*)\x1b\[\?2026l/gsu;
/** What moves a cursor nobody sees, and hides it. */
// eslint-disable-next-line no-control-regex -- control characters are what this test is about
const UNSEEN = /\x1b\[(?:\d+[ABG]|\?25l)/gu;

test("what a session streams is drawn without flicker", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  await useScript(me, [{ when: { last: "^tell" }, say: LONG, chunk: 24, delayMs: 1 }]);
  const typed = [
    ["twice leaves", "tell me\r"],
    ["The very end", "\x04"],
  ] as const;
  const { code, raw } = await writtenTo({ columns: 80, rows: 24 }, me.userHome, [], typed);
  expect(code).toBe(0);
  const all = raw.toString("utf8");
  const text = all.slice(all.indexOf("tell me"), all.lastIndexOf("The very end"));
  const from = text.indexOf("\x1b[?2026h");
  const drawn = text.slice(from, text.lastIndexOf("\x1b[?2026l") + "\x1b[?2026l".length);
  const frames = [...drawn.matchAll(FRAME)].map(([, inside = ""]) => inside);
  expect(frames.length).toBeGreaterThan(3);
  expect(frames.length).toBeLessThanOrEqual(Math.ceil(LONG.length / 24) + 10);
  // All that is seen comes in whole updates; between them only a hidden cursor moves.
  expect(drawn.replace(FRAME, "").replace(UNSEEN, "")).toBe("");
  // The screen and what scrolled away are never cleared, nor is anything beyond it drawn over.
  expect(found(drawn, CLEARING)).toEqual([]);
  for (const [, up = "0"] of drawn.matchAll(UP)) expect(Number(up)).toBeLessThan(24);
  // A line that stands is not drawn again but as one of the last that still grow.
  const lines = Bun.stripANSI(drawn);
  for (let n = 0; n < 30; n++) {
    expect(lines.split(`code ${n};\r`).length - 1).toBe(1);
    expect(lines.split(`item ${n}, and so on and so on and so on`).length - 1).toBeLessThan(6);
  }
}, 60_000);

// eslint-disable-next-line no-control-regex -- control characters are what this test is about
const CLEARING = /\x1b(?:\[[0-3]?J|\[[\d;]*H|\[\?(?:1049|25)h|c)/gu;
// eslint-disable-next-line no-control-regex -- control characters are what this test is about
const UP = /\x1b\[(\d+)A/gu;

test("a session on 80 by 24: first screen, request, ask, call tree, Ctrl-C", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  addTool(me, "write_down", 'return "wrote " + text;');
  addOracle(me, ["file-organiser", "write-down"]);
  await useScript(me, [
    { when: { last: "^hang" }, say: "Working on it, slowly.", chunk: 8, delayMs: 1_500 },
    { when: { last: "^write" }, calls: [{ name: "write_down", args: { text: "exactly this" } }] },
    { when: { last: "wrote" }, say: "**Done**, once." },
  ]);
  const screen = openScreen(me.userHome, []);
  if (screen === null) {
    console.log("not available: a screen to look at (apt install tmux)");
    return;
  }
  try {
    await screen.until("twice leaves");
    expect(seen(screen, me)).toEqual([
      "nanos · indie-developer · HOME · sandbox TIER",
      "Say what you want. /help lists commands, Ctrl-C twice leaves.",
      "by-hand",
    ]);
    screen.type("tidy today's notes");
    screen.press("Enter");
    await screen.until("1 tool call");
    expect(seen(screen, me)).toContain("▸ oracle · notes_tidy DATE … TIME ✓");
    expect(readdirSync(join(me.userHome, "notes")).length).toBe(3);

    screen.type("write it");
    screen.press("Enter");
    await screen.until("? all of it");
    // Neither Enter nor a stray key is a yes.
    screen.press("Enter", "Space", "x");
    expect(seen(screen, me).slice(-9)).toEqual([
      "▸ oracle · write_down exactly this ?",
      "? oracle wants write_down",
      '  │ {"text":"exactly this"}',
      "  where  write_down",
      "  why    the skill was not installed through the lock, and this is its first use",
      "  cost   rank E: nothing that could not be undone",
      "  never  deny write_down: nanos rules suggest ASK",
      "  y once  a this skill, this run  n no  l later  ? all of it",
      "working …  Ctrl-C stops it",
    ]);
    // A card stands a while before keys count.
    await Bun.sleep(2 * SETTLE_MS);
    screen.type("y");
    await screen.until("1 ask");
    expect(seen(screen, me)).toEqual(
      expect.arrayContaining([
        "▸ oracle · write_down exactly this … TIME ✓",
        "  ? oracle: write_down allowed",
        "Done, once.",
      ]) as string[],
    );

    screen.type("hang");
    screen.press("Enter");
    await screen.until("Working");
    screen.press("C-c");
    await screen.until(/cancelled: .* · 0 tool calls/u);
    screen.press("C-c");
    await screen.until("Ctrl-C again leaves");
    screen.press("C-c");
    expect(await screen.ended()).toBe(0);
  } finally {
    screen.close();
  }
  const [last] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as {
    outcome: string;
  }[];
  expect(last).toMatchObject({ request: "hang", outcome: "cancelled" });
  expect((await me.nanos("trace", "verify")).code).toBe(0);
}, 60_000);

/** The screen without rules and blank lines, with what differs from run to run named. */
function seen(screen: Screen, me: Person): readonly string[] {
  return screen
    .lines()
    .filter((line) => line.trim() !== "" && !/^─+$/u.test(line))
    .map((line) =>
      line
        .replace(me.userHome, "HOME")
        .replace(/sandbox (?:bwrap|landlock)/u, "sandbox TIER")
        .replace(/suggest a[0-9a-f]{8}$/u, "suggest ASK")
        .replace(/\d{4}-\d{2}-\d{2}/gu, "DATE")
        .replace(/\b[\d.]+ m?s\b/gu, "TIME"),
    );
}

interface Line {
  readonly run: string;
  readonly after: readonly string[];
}

/** A session whose lines come from a pipe. */
function typed(me: Person, input: string, ...argv: readonly string[]): Promise<Result> {
  return me.run(argv, { input });
}

test("a conversation of before is found, taken up and gone on with", async () => {
  using me = person();
  const { nanos } = me;
  await nanos("init", "--from", "indie-developer");
  expect((await typed(me, "", "--continue")).out).not.toContain("goes on from here");
  await nanos("run", "tidy today's notes");
  await nanos("run", "what is 6 times 7");
  const [newest, older] = JSON.parse((await nanos("trace", "list", "--json")).out) as Line[];
  // Neither is a conversation to go on with.
  await nanos("tool", "call", "notes_list", "{}");
  await nanos("model", "probe", "recorded", "--context", "10");
  const listed = await typed(me, "/past\n");
  expect(listed.out).not.toContain("notes_list");
  expect(listed.out).not.toContain("probe_sum");
  expect(listed.out).toContain(`${newest?.run}`);
  expect(listed.out).toContain(`${older?.run}`);
  const gone = await typed(me, `/past ${older?.run}\nwhat is 1 plus 1\n`);
  expect(gone.out).toContain("> tidy today's notes");
  expect(gone.out).toContain("The conversation goes on from here.");
  const [third] = JSON.parse((await nanos("trace", "list", "--json")).out) as Line[];
  expect(third?.after).toEqual([older?.run ?? ""]);
  const more = await typed(me, "", "--continue");
  expect(more.out).toContain("> tidy today's notes");
  expect(more.out).toContain("> what is 1 plus 1");
  // Two conversations are left, as the older run is part of the newest one now.
  expect((await typed(me, "/past\n")).out.match(/^r\w+ /gmu)?.length).toBe(2);
  const unknown = await typed(me, "/past r0nope\n");
  expect(unknown.err).toContain("There is no conversation r0nope.");
}, 120_000);
