import type { ReactNode } from "react";
import type { RunList } from "../../contracts/http/runs.ts";
import type { TraceShown } from "../../contracts/http/traces.ts";
import { type Of, send } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { now, useNow } from "../ui/clock.ts";
import { useDoing } from "../ui/doing.ts";
import { countOf, costOf, spanOf } from "../ui/figures.ts";
import { State } from "../ui/marks.tsx";
import { hrefOf } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

type Line = Of<typeof RunList>["data"][number];

/** What is running now: where each is, what holds it, and a way to stop it. */
export function Workers(): ReactNode {
  const going = useResource<Of<typeof RunList>>("/v1/runs?going=true&limit=200", ({ kind }) =>
    kind.startsWith("run."),
  );
  return (
    <div className="page">
      <div className="top">
        <h1>Workers</h1>
      </div>
      <Shown of={going} what="what is running">
        {({ data }) =>
          data.length === 0 ? (
            <Empty>
              Nothing is running. Begin something in <a href={hrefOf("chat")}>Chat</a> or{" "}
              <a href={hrefOf("missions")}>Missions</a>.
            </Empty>
          ) : (
            <ul className="cards">
              {data.map((line) => (
                <Worker key={line.run} line={line} />
              ))}
            </ul>
          )
        }
      </Shown>
    </div>
  );
}

function Worker({ line }: { line: Line }): ReactNode {
  const { run, agent, request, at, state } = line;
  const path = `/v1/runs/${encodeURIComponent(run)}`;
  const newest = Math.max(0, line.steps - NEWEST);
  const trace = useResource<Of<typeof TraceShown>>(
    `${path}/trace?from=${newest}&limit=${2 * NEWEST}`,
    (told) => told.run === run,
  );
  const doing = useDoing();
  useNow();
  const held = trace.data?.steps.findLast(({ isolation }) => isolation !== null)?.isolation;
  return (
    <li className="sheet padded stack">
      <div className="row">
        <State is={state} />
        <a className="grow" href={hrefOf("runs", run)}>
          <Plain text={request} most={160} />
        </a>
      </div>
      <p className="soft num">
        <Plain text={agent} />, {spanOf(Math.max(0, now() - at))}, {countOf(line.tokens)} tokens,{" "}
        {costOf(line.cost)}, {held === undefined ? "no process yet" : `held by ${held}`}
      </p>
      <ul>
        {trace.data?.steps.slice(-NEWEST).map((step) => (
          <li key={step.step} className="row">
            <State is={step.status} />
            <span className="grow">
              {step.kind} <Plain text={step.name} />
            </span>
          </li>
        ))}
      </ul>
      <Trouble error={doing.error} />
      <div className="actions">
        <button
          className="danger"
          disabled={doing.busy}
          onClick={() => doing.act(() => send("POST", `${path}/cancel`))}
        >
          Stop it
        </button>
      </div>
    </li>
  );
}

/** Steps of each that are shown. */
const NEWEST = 4;
