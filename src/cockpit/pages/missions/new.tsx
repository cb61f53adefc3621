import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
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
            <Field
              {...{ label: "Plan", value: chosen, set: setChosen, isFirst: true }}
              options={[["", "choose one"], ...data.map((name) => [name, name] as const)]}
            />
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
        <Field
          key={input}
          label={input}
          about={<Plain text={about.description ?? ""} />}
          value={given[input] ?? ""}
          placeholder={about.default === undefined ? "" : String(about.default)}
          set={(value) => setGiven({ ...given, [input]: value })}
        />
      ))}
      <Trouble error={doing.error} />
      <div className="actions">
        <Act says="Begin" press="b" look="strong" off={doing.busy} />
      </div>
    </form>
  );
}

function mostOf({ calls, tokens, cost }: Plan["estimate"]["budget"]): string {
  return `${countOf(calls)} calls, ${countOf(tokens)} tokens, ${costOf(cost ?? null)}`;
}
