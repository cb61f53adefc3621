import { type ReactNode, useState } from "react";
import type { PlanList, PlanShown } from "../../../contracts/http/missions.ts";
import type { RunBegun } from "../../../contracts/http/runs.ts";
import { type Of, send } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { submitting, useDoing } from "../../ui/doing.ts";
import { Facts } from "../../ui/facts.tsx";
import { costOf, countOf } from "../../ui/figures.ts";
import { Rank } from "../../ui/marks.tsx";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../../ui/says.tsx";

/** Begins a mission: a plan of the arrangement, what it is given, and what it could use at most. */
export function NewMission(): ReactNode {
  const plans = useResource<Of<typeof PlanList>>("/v1/plans");
  const [chosen, setChosen] = useState("");
  return (
    <Shown of={plans} what="the plans">
      {({ data }) =>
        data.length === 0 ? (
          <Empty>
            There is no plan yet. One is a file in <code>plans/</code> of the arrangement; an agent
            can write one too.
          </Empty>
        ) : (
          <div className="stack">
            <h2>New mission</h2>
            <label className="field">
              Plan
              <select
                aria-label="Plan"
                value={chosen}
                onChange={({ target }) => setChosen(target.value)}
              >
                <option value="">choose one</option>
                {data.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            {chosen !== "" && <Begin key={chosen} name={chosen} />}
          </div>
        )
      }
    </Shown>
  );
}

type Plan = Of<typeof PlanShown>;

function Begin({ name }: { name: string }): ReactNode {
  const plan = useResource<Plan>(`/v1/plans/${encodeURIComponent(name)}`);
  return (
    <Shown of={plan} what="the plan">
      {(shown) => (
        <>
          <Facts
            rows={[
              ["rank", <Rank rank={shown.rank} />],
              ["tasks", `${shown.estimate.tasks}, ${shown.estimate.width} at once`],
              ["at most", mostOf(shown.estimate.budget)],
            ]}
          />
          <Inputs name={name} plan={shown.plan} />
        </>
      )}
    </Shown>
  );
}

function Inputs({ name, plan }: { name: string; plan: Plan["plan"] }): ReactNode {
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const doing = useDoing();
  const begin = (): void =>
    doing.act(async () => {
      const inputs = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
      const body = { plan: name, inputs };
      const { run } = await send<Of<typeof RunBegun>>("POST", "/v1/engine/missions", body);
      go(hrefOf("missions", run));
    });
  return (
    <form className="stack" onSubmit={submitting(begin)}>
      {Object.entries(plan.inputs).map(([input, about]) => (
        <label key={input} className="field">
          <span>
            {input} <Plain text={about.description ?? ""} />
          </span>
          <input
            value={given[input] ?? ""}
            placeholder={about.default === undefined ? "" : String(about.default)}
            onChange={({ target }) => setGiven({ ...given, [input]: target.value })}
          />
        </label>
      ))}
      <Trouble error={doing.error} />
      <div className="actions">
        <button className="strong" disabled={doing.busy}>
          Begin
        </button>
      </div>
    </form>
  );
}

function mostOf({ calls, tokens, cost }: Plan["estimate"]["budget"]): string {
  return `${countOf(calls)} calls, ${countOf(tokens)} tokens, ${costOf(cost ?? null)}`;
}
