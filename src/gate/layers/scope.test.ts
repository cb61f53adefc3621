import { expect, test } from "bun:test";
import { aStanding, anAction } from "../gate.fixtures.ts";
import { judge } from "../judge.ts";

const HOME = "/home/ada/.nano-os";

test("nothing that touches the home is reach, whoever declared or granted it", () => {
  const wide = [
    "read:/",
    "read:/home",
    "write:/home/ada",
    `read:${HOME}`,
    `read:${HOME}/`,
    `write:${HOME}/keys/operator`,
    "read:/home/ada/.NANO-OS/journal",
    "read:/HOME/ada",
    `exec:${HOME}/bin/x`,
  ];
  for (const scope of wide) {
    const grant = { skill: "notes", scopes: [scope], hash: "hash", at: 0 };
    const standing = aStanding({
      declared: [scope],
      grant,
      said: scope.slice(scope.indexOf(":") + 1),
    });
    const decision = judge(anAction({ destinations: [scope] }), standing);
    expect([scope, decision.reason]).toEqual([scope, "deny:scope_too_wide"]);
  }
  for (const scope of ["read:/home/ada/.nano-os-notes", "read:/home/ada/notes", "exec:git"]) {
    const { reason } = judge(anAction({ scopes: [scope] }), aStanding());
    expect([scope, reason.startsWith("deny:")]).toEqual([scope, false]);
  }
});

test("what cannot be read as reach is never reach, declared or not", () => {
  const broken = [
    "read:./a",
    "read:/a/../b",
    "net:a b",
    "net:user@host",
    "net:*.org",
    "x:y",
    "read:/a\u0000",
  ];
  for (const scope of broken) {
    const decision = judge(anAction({ scopes: [scope] }), aStanding({ declared: [scope] }));
    expect([scope, decision.reason, decision.missing]).toEqual([
      scope,
      "deny:scope_missing",
      scope,
    ]);
    expect(judge(anAction({ scopes: [scope] }), aStanding()).reason).toBe("deny:scope_missing");
  }
});

test("scopes and destinations alike must be declared, `net:*` being any host", () => {
  const declared = ["net:*", "read:/work/space"];
  const grant = {
    skill: "notes",
    scopes: ["net:127.0.0.1:80", "net:a.org:443"],
    hash: "hash",
    at: 0,
  };
  const check = (destination: string, reason: string): void => {
    const decision = judge(
      anAction({ destinations: [destination] }),
      aStanding({ declared, grant }),
    );
    expect([destination, decision.reason as string]).toEqual([destination, reason]);
  };
  check("net:a.org", "allow:endorsed");
  check("net:127.0.0.1:80", "allow:endorsed");
  check("net:b.org", "ask:net");
  check("net:127.0.0.1:81", "ask:private_address");
  check("net:[fe80::1]:81", "deny:private_address");
  check("read:/work/space/x", "allow:in_scope");
  check("write:/work/space/x", "deny:scope_missing");
});

test("a run that stays on this machine reaches its own addresses and no others", () => {
  const grant = {
    skill: "notes",
    scopes: ["net:127.0.0.1:80", "net:[::1]:80", "net:localhost:80", "net:10.0.0.1:80", "net:*"],
    hash: "hash",
    at: 0,
  };
  const check = (scope: string, reason: string): void => {
    const standing = aStanding({ grant, localOnly: true });
    expect([scope, judge(anAction({ scopes: [scope] }), standing).reason as string]).toEqual([
      scope,
      reason,
    ]);
  };
  check("net:127.0.0.1:80", "allow:endorsed");
  check("net:[::1]:80", "allow:endorsed");
  check("net:localhost:80", "allow:endorsed");
  check("net:10.0.0.1:80", "deny:local_only");
  check("net:example.org", "deny:local_only");
  check("net:*", "deny:local_only");
});

test("with no sandbox only what the operator marked unconfined may ask to run", () => {
  expect(judge(anAction(), aStanding({ held: false })).reason).toBe("deny:no_isolation");
  expect(judge(anAction({ unconfined: true }), aStanding({ held: false })).reason).toBe("ask:rank");
});
