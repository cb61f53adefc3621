import { expect, test } from "bun:test";
import type { Action } from "../../contracts/action.ts";
import { aStanding, anAction } from "../gate.fixtures.ts";
import { judge } from "../judge.ts";
import { UNKNOWN_LABEL } from "../labels.ts";

/** What the gate says in a workspace of the person's own, and in a copy that is thrown away. */
function check(change: Partial<Action>, own: string, copy: string): void {
  const action = anAction({ name: "run_command", skill: "test-runner", ...change });
  const flow = { planned: false, uses: 0 };
  const reasonIn = (scratch: boolean): string =>
    judge(action, aStanding({ flow, ...(scratch && { scratch }) })).reason;
  expect([reasonIn(false), reasonIn(true)]).toEqual([own, copy]);
}

test("in a copy that is thrown away programs and protected files need no yes, and all else does", () => {
  const decides = [
    { arg: "command", role: "control", value: "npm test", origin: "untrusted" },
  ] as const;
  check({ scopes: ["exec:sh"], destinations: ["exec:sh"] }, "ask:exec", "allow:in_scope");
  check(
    { scopes: ["exec:sh"], destinations: ["exec:sh"], decides: [...decides], label: UNKNOWN_LABEL },
    "ask:exec",
    "allow:in_scope",
  );
  const hook = ["write:/work/space/.husky/pre-push"];
  check({ kind: "commit", destinations: hook }, "ask:protected_file", "allow:in_scope");
  const outside = ["write:/work/.husky/pre-push"];
  check({ kind: "commit", destinations: outside }, "ask:rank", "ask:rank");
  check({ destinations: ["net:example.org:443"] }, "ask:net", "ask:net");
  check({ scopes: ["exec:sh", "net:example.org:443"] }, "ask:exec", "ask:net");
  check({ scopes: ["secret:GITHUB"] }, "ask:rank", "ask:rank");
  check({ scopes: ["exec:sh"], unconfined: true }, "ask:rank", "ask:rank");
  check({ scopes: ["read:/home/ada"] }, "deny:scope_too_wide", "deny:scope_too_wide");
});
