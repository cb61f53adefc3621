import { expect, test } from "bun:test";
import type { Action, Deciding } from "../../contracts/action.ts";
import type { Label } from "../../contracts/label.ts";
import type { Reason } from "../../contracts/reason.ts";
import { aStanding, aValue, anAction } from "../gate.fixtures.ts";
import { judge } from "../judge.ts";
import { destinationsOf } from "./label.ts";
import { OPERATOR_LABEL, REQUEST_LABEL, UNKNOWN_LABEL } from "../labels.ts";

const grant = { skill: "notes", scopes: ["net:mail.example"], hash: "hash", at: 0 };
const own: Label = { integrity: "directory", secrecy: "private", sources: ["contacts"] };
const page: Label = { integrity: "untrusted", secrecy: "public", sources: ["www.example.org"] };
const PLANNED = { planned: true, uses: 0 };

/** A granted call that sends something, and the reasons the label layer gives for asking. */
function check(
  change: Partial<Action>,
  expected: readonly Reason[],
  flow: { planned: boolean; uses: number } = PLANNED,
): void {
  const action = anAction({ name: "mail_send", destinations: ["net:mail.example:443"], ...change });
  const decision = judge(action, aStanding({ grant, flow }));
  const said = decision.layers.filter(({ layer }) => layer === "label").map(({ reason }) => reason);
  expect(said).toEqual([...expected]);
  expect(decision.verdict).toBe(expected.length > 0 ? "ask" : "allow");
}

/** Each line: role, origin, and the labels of the conversation in which it is asked about. */
const VALUES: readonly (readonly [Deciding["role"], Deciding["origin"], string])[] = [
  ["destination", "said", ""],
  ["destination", "directory", "UNKNOWN"],
  ["destination", "returned", "REQUEST own page UNKNOWN"],
  ["destination", "untrusted", "REQUEST own page UNKNOWN"],
  ["destination", "none", "REQUEST own page UNKNOWN"],
  ["control", "said", ""],
  ["control", "directory", ""],
  ["control", "untrusted", "REQUEST own page UNKNOWN"],
  ["control", "none", "REQUEST own page UNKNOWN"],
  ["undeclared", "said", ""],
  ["undeclared", "untrusted", "REQUEST own page UNKNOWN"],
  ["undeclared", "none", "own page UNKNOWN"],
];
const LABELS = { REQUEST: REQUEST_LABEL, own, page, UNKNOWN: UNKNOWN_LABEL };

for (const [role, origin, asked] of VALUES) {
  test(`a ${role} that is ${origin} asks in: ${asked === "" ? "nothing" : asked}`, () => {
    for (const [name, label] of Object.entries(LABELS)) {
      const reason = origin === "directory" ? "ask:private_data" : "ask:value";
      const asks = asked.split(" ").includes(name);
      check({ label, decides: [aValue({ role, origin })] }, asks ? [reason] : []);
    }
  });
}

test("an address the model made up is the danger layer's, until the run is tainted", () => {
  const decides = [aValue({ value: "https://mail.example/a", origin: "none" })];
  check({ label: own, decides }, []);
  check({ label: page, decides }, ["ask:value"]);
  check({ label: own, decides: [{ ...decides[0]!, role: "control" }] }, ["ask:value"]);
});

test("a tool nobody named before the run was tainted asks, and then a directory is no yes", () => {
  const unplanned = { planned: false, uses: 0 };
  const decides = [aValue({ origin: "directory" })];
  check({ label: page, decides }, ["ask:value", "ask:unplanned"], unplanned);
  check({ label: own, decides }, [], unplanned);
});

test("the same tool for the same destination once more asks, once the run is tainted", () => {
  const again = { planned: true, uses: 1 };
  check({ label: page, decides: [aValue()] }, ["ask:repeated"], again);
  check({ label: own, decides: [aValue()] }, [], again);
});

test("the same tool for other places is another use, and what is said there is no place", () => {
  const action = (...decides: readonly Deciding[]): Action => anAction({ decides: [...decides] });
  const body = aValue({ arg: "text", role: "control", value: "words" });
  const open = aValue({ arg: "x", role: "undeclared", value: "more" });
  expect(destinationsOf(action(aValue(), body, open))).toEqual(["bob@example.org"]);
  const keys = ["bob@example.org", "eve@example.org"].map((value) => {
    const decides = [aValue({ value })];
    const destinations = ["net:mail.example:443"];
    const call = anAction({ name: "mail_send", label: page, decides, destinations });
    const flow = { planned: true, uses: 1 };
    return judge(call, aStanding({ grant, flow })).layers.flatMap((one) =>
      "key" in one && String(one.key).startsWith("again:") ? [one.key] : [],
    );
  });
  expect(keys.flat()).toHaveLength(2);
  expect(new Set(keys.flat()).size).toBe(2);
});

test("one dangerous reach among harmless ones makes it act outside", () => {
  const scopes = ["read:/work/space", "net:mail.example:443"];
  const decides = [aValue({ origin: "untrusted" })];
  check({ label: page, decides, scopes }, ["ask:value"]);
});

test("looking up is free, but not where it could carry private data to where nobody sent it", () => {
  const looking = {
    reads: true,
    decides: [aValue({ origin: "none" }), aValue({ origin: "said" })],
  };
  check({ ...looking, label: REQUEST_LABEL }, []);
  check({ ...looking, label: page }, [], { planned: false, uses: 9 });
  check({ ...looking, label: own }, []);
  check({ ...looking, label: UNKNOWN_LABEL }, ["ask:private_data"]);
  check({ reads: true, decides: [aValue({ origin: "returned" })], label: UNKNOWN_LABEL }, []);
});

test("what says who may read it goes to nobody else, whoever named them", () => {
  const label: Label = { ...OPERATOR_LABEL, readers: ["@acme.example"] };
  check({ label, decides: [aValue()] }, ["ask:private_data"]);
  check({ label, decides: [aValue({ value: "ann@acme.example" })] }, []);
  check({ label, decides: [] }, ["ask:private_data"]);
  check({ label: { ...label, readers: ["mail.example"] }, decides: [] }, []);
  check({ label: { ...label, secrecy: "public" }, decides: [aValue()] }, []);
});

test("what can be undone, what the operator calls, and older runs are not asked about", () => {
  const decides = [aValue({ origin: "none" })];
  check({ label: page, decides, destinations: [], scopes: ["write:/work/space/a"] }, []);
  check({ label: REQUEST_LABEL, decides, agent: "operator" }, []);
  check({ label: page, decides, agent: "operator" }, ["ask:value"]);
  const old = anAction({ label: UNKNOWN_LABEL, decides, destinations: ["net:mail.example:443"] });
  expect(judge(old, aStanding({ grant })).reason).toBe("allow:endorsed");
});

test("what cannot be taken back is judged wherever it happens", () => {
  const action = anAction({
    irreversible: true,
    label: page,
    decides: [aValue({ origin: "untrusted" })],
  });
  const said = judge(action, aStanding({ flow: PLANNED })).layers.map(({ reason }) => reason);
  expect(said).toEqual(["ask:rank", "ask:value"]);
});
