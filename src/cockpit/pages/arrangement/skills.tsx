import type { ReactNode } from "react";
import { Act } from "../../act/act.tsx";
import { Fold } from "../../act/fold.tsx";
import type { ArrangementShown } from "../../../contracts/http/cockpit.ts";
import { type Of, send } from "../../net/api.ts";
import { useDoing } from "../../ui/doing.ts";
import { Facts } from "../../ui/facts.tsx";
import { timeOf } from "../../ui/figures.ts";
import { State } from "../../ui/marks.tsx";
import { Plain } from "../../ui/plain.tsx";
import { Empty, Trouble } from "../../ui/says.tsx";

type Whole = Of<typeof ArrangementShown>;
type Skill = Whole["skills"][number];

/** Skills with what each may do, and the operator's yes to it, given and taken back here. */
export function Skills({ all, reload }: { all: Whole; reload: () => void }): ReactNode {
  if (all.skills.length === 0) {
    return (
      <Empty>There is no skill. One is installed in a terminal: nanos skill install PATH.</Empty>
    );
  }
  return (
    <ul className="cards">
      {all.skills.map((skill) => (
        <One key={skill.name} skill={skill} grants={all.grants} reload={reload} />
      ))}
    </ul>
  );
}

type Grant = Whole["grants"][number];

function One(given: { skill: Skill; grants: Whole["grants"]; reload: () => void }): ReactNode {
  const { skill, grants, reload } = given;
  const { name, kind, description, state, agents, tools, may, changed } = skill;
  const grant = grants.find((one) => one.skill === name && one.revoked === undefined);
  return (
    <li className="sheet padded stack">
      <h2>
        <Plain text={name} /> <State is={state === "none" ? "no yes yet" : state} />
      </h2>
      <p>
        <Plain text={description} />
      </p>
      <Facts
        rows={[
          ["is", kind],
          ["for", <Plain text={agents.join(", ") || "nobody"} />],
          ["tools", <Plain text={tools.join(", ") || "none"} />],
          ["may", <May skill={name} lines={may} />],
          grant && ["yes given", untilOf(grant)],
        ]}
      />
      {changed && <p className="note warn">It is not what the yes was given to any more.</p>}
      <Granting skill={skill} grant={grant} reload={reload} />
    </li>
  );
}

function untilOf({ expires }: Grant): string {
  return expires === undefined ? "until it is taken back" : `until ${timeOf(expires)}`;
}

/** The operator's yes to the skill as it is shown here, and its taking back. */
function Granting(given: {
  skill: Skill;
  grant: Grant | undefined;
  reload: () => void;
}): ReactNode {
  const { skill, grant, reload } = given;
  const { name, hash } = skill;
  const doing = useDoing();
  const act = (what: () => Promise<unknown>): void =>
    doing.act(async () => {
      await what();
      reload();
    });
  return (
    <>
      <Trouble error={doing.error} />
      <div className="actions">
        <Act
          says={grant ? "Say yes again" : "Say yes"}
          {...{ of: name, look: "strong", off: doing.busy }}
          act={() => act(() => send("POST", "/v1/grants", { skill: name, hash }))}
        >
          {grant ? "Say yes again" : "Say yes"}
        </Act>
        {grant && (
          <Act
            {...{ says: "Take it back", of: name, look: "danger", off: doing.busy }}
            act={() => act(() => send("DELETE", `/v1/grants/${encodeURIComponent(name)}`))}
          >
            Take it back
          </Act>
        )}
      </div>
    </>
  );
}

/** The first of what it may do, and the rest behind a fold. */
function May({ skill, lines }: { skill: string; lines: readonly string[] }): ReactNode {
  if (lines.length <= SHOWN) return <Plain text={lines.join(", ") || "nothing outside itself"} />;
  return (
    <Fold
      {...{ says: "All it may do", of: skill }}
      head={
        <>
          <Plain text={lines.slice(0, SHOWN).join(", ")} /> and {lines.length - SHOWN} more
        </>
      }
    >
      <Plain text={lines.slice(SHOWN).join(", ")} />
    </Fold>
  );
}

const SHOWN = 4;
