import type { ReactNode } from "react";
import { Act } from "../act/act.tsx";
import type { WorkerList } from "../../contracts/http/cockpit.ts";
import { type Of, send } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { now, useNow } from "../ui/clock.ts";
import { useDoing } from "../ui/doing.ts";
import { bytesOf, spanOf } from "../ui/figures.ts";
import { State } from "../ui/marks.tsx";
import { hrefOf } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

type All = Of<typeof WorkerList>;
type One = All["data"][number];

/** What is running now: what of it is being done, what holds it, and a way to stop it. */
export function Workers(): ReactNode {
  const going = useResource<All>("/v1/workers", ({ kind }) => /^(?:run|action)\./u.test(kind));
  return (
    <div className="page">
      <div className="top">
        <h1>Workers</h1>
      </div>
      <Shown of={going} what="what is running">
        {({ data, sandbox }) =>
          data.length === 0 ? (
            <Empty>
              Nothing is running. Begin something in <a href={hrefOf("chat")}>Chat</a> or{" "}
              <a href={hrefOf("missions")}>Missions</a>.
            </Empty>
          ) : (
            <>
              <p className="soft">
                {sandbox === null
                  ? "No sandbox holds programs here: nanos doctor says what to install."
                  : `Programs run in ${sandbox}.`}
              </p>
              <ul className="cards">
                {data.map((one) => (
                  <Worker key={one.run} one={one} />
                ))}
              </ul>
            </>
          )
        }
      </Shown>
    </div>
  );
}

function Worker({ one: { run, agent, request, at, state, doing } }: { one: One }): ReactNode {
  const stopping = useDoing();
  useNow();
  const stop = (): void =>
    stopping.act(() => send("POST", `/v1/runs/${encodeURIComponent(run)}/cancel`));
  return (
    <li className="sheet padded stack">
      <div className="row">
        <State is={state} />
        <a className="grow" href={hrefOf("runs", run)}>
          <Plain text={request} most={160} />
        </a>
      </div>
      <p className="soft num">
        <Plain text={agent} />, for {spanOf(Math.max(0, now() - at))}
      </p>
      <ul>
        {doing.slice(0, MOST).map((step) => (
          <Doing key={step.step} step={step} />
        ))}
      </ul>
      <Trouble error={stopping.error} />
      <div className="actions">
        <Act says="Stop it" of={run} look="danger" off={stopping.busy} act={stop}>
          Stop it
        </Act>
      </div>
    </li>
  );
}

/** Steps of each that are shown. */
const MOST = 8;

function Doing({ step }: { step: One["doing"][number] }): ReactNode {
  const { kind, name, waits, held } = step;
  return (
    <li className="row">
      <State is={waits ? "waiting" : "running"} />
      <span className="grow">
        {kind} <Plain text={name} /> <span className="soft">{held ? limitsOf(held) : ""}</span>
      </span>
    </li>
  );
}

function limitsOf({ net, limits }: NonNullable<One["doing"][number]["held"]>): string {
  const { ms, memoryBytes, processes } = limits;
  const memory = memoryBytes === null ? "" : `, ${bytesOf(memoryBytes)} of memory`;
  const many = processes === null ? "" : `, ${processes} processes`;
  return `network: ${net}; at most ${spanOf(ms)}${memory}${many}`;
}
