import { type ReactNode, useState } from "react";
import type { PlanList, PreflightShown, ScheduleAsked } from "../../../contracts/http/missions.ts";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { type Of, send } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { submitting, useDoing } from "../../ui/doing.ts";
import { costOf, countOf, timeOf } from "../../ui/figures.ts";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Trouble } from "../../ui/says.tsx";

type Flight = Of<typeof PreflightShown>;

/** Says first when it would come and what it takes, and then saves it. */
export function NewSchedule({ saved }: { saved: () => void }): ReactNode {
  const plans = useResource<Of<typeof PlanList>>("/v1/plans");
  const [name, setName] = useState("");
  const [cron, setCron] = useState("0 8 * * 1-5");
  const [plan, setPlan] = useState("");
  const [flight, setFlight] = useState<Flight | null>(null);
  const doing = useDoing();
  const asked: ScheduleAsked = { name, cron, what: { plan, inputs: {} } };
  const look = (): void =>
    doing.act(async () => setFlight(await send("POST", "/v1/schedules/preflight", asked)));
  const save = (): void =>
    doing.act(async () => {
      await send("POST", "/v1/schedules", asked);
      saved();
      go(hrefOf("schedules", name));
    });
  const changed = (set: (value: string) => void) => (value: string) => {
    setFlight(null);
    set(value);
  };
  return (
    <form className="stack" onSubmit={submitting(look)}>
      <h2>New schedule</h2>
      <Field {...{ label: "Name", value: name, set: changed(setName), isFirst: true }} />
      <Field
        {...{ label: "Time", value: cron, set: changed(setCron), look: "mono" }}
        about="minute, hour, day, month, weekday"
      />
      <Field
        {...{ label: "Plan to begin", value: plan, set: changed(setPlan) }}
        options={[
          ["", "choose one"],
          ...(plans.data?.data ?? []).map((one) => [one, one] as const),
        ]}
      />
      <Trouble error={doing.error} />
      <div className="actions">
        <Act says="Look ahead" press="b" off={doing.busy || name === "" || plan === ""} />
        {flight && flight.problems.length === 0 && (
          <Act {...{ says: "Save it", press: "B", look: "strong", off: doing.busy, act: save }} />
        )}
      </div>
      {flight && <Ahead flight={flight} />}
    </form>
  );
}

function Ahead({ flight: { schedule, times, problems } }: { flight: Flight }): ReactNode {
  const { estimate, when } = schedule;
  return (
    <section className="stack" aria-label="What it takes">
      {problems.map(({ says, next }) => (
        <p key={says} className="note warn">
          <Plain text={`${says} ${next}`} />
        </p>
      ))}
      <p>
        It comes at these times, in {when.zone}, and uses at most {mostOf(estimate)}.
      </p>
      <ol className="num">
        {times.map((at) => (
          <li key={at}>{timeOf(at)}</li>
        ))}
      </ol>
    </section>
  );
}

/** What one beginning of it may use. */
export function mostOf({ calls, tokens, cost }: Flight["schedule"]["estimate"]): string {
  const money = cost === null ? "" : `, ${costOf(cost)}`;
  return `${countOf(calls)} calls, ${countOf(tokens)} tokens${money}`;
}
