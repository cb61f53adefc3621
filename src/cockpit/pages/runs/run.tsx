import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import type { Replayed, TraceShown } from "../../../contracts/http/traces.ts";
import { send, type Of } from "../../net/api.ts";
import { useDoing } from "../../ui/doing.ts";
import { costOf, countOf, spanOf, timeOf } from "../../ui/figures.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { State } from "../../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Loading, Trouble } from "../../ui/says.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Compare } from "./compare.tsx";
import { Step } from "./step.tsx";
import { Timeline } from "./timeline.tsx";
import { Tree } from "./tree.tsx";
import { Undo } from "./undo.tsx";
import { useTrace } from "./trace.ts";

/** One run: what it was asked, its call tree, its timeline, and what can be done with it. */
export function Run({ id }: { id: string }): ReactNode {
  const trace = useTrace(id);
  const { query } = usePlace();
  const [view, setView] = useState<"steps" | "time" | "compare">("steps");
  const step = query.get("step");
  const choose = (to: string | null): void =>
    go(hrefOf("runs", id, to === null ? {} : { step: to }));
  const { about } = trace;
  if (about === null && trace.error === null) return <Loading what="the run" />;
  return (
    <div className="stack run">
      <Trouble error={trace.error} again={trace.reload} />
      {about && (
        <>
          <Head about={about} />
          <Actions about={about} />
          {about.state === "ended" && <Undo run={id} />}
          <Tabs
            label="The run"
            tabs={[
              ["steps", `Steps ${countOf(about.all)}`],
              ["time", "Timeline"],
              ["compare", "Compare"],
            ]}
            chosen={view}
            choose={setView}
          />
          {view === "steps" && <Tree trace={trace} chosen={step} choose={choose} />}
          {view === "time" && <Timeline trace={trace} chosen={step} choose={choose} />}
          {view === "compare" && <Compare run={id} from={about.fork?.run ?? ""} />}
          {view !== "compare" && step !== null && <Step key={step} id={step} run={id} />}
        </>
      )}
    </div>
  );
}

type About = Omit<Of<typeof TraceShown>, "steps">;

function Head({ about }: { about: About }): ReactNode {
  const { request, end } = about;
  return (
    <header className="stack">
      <h2>
        <Plain text={request} most={600} />
      </h2>
      <Facts rows={factsOf(about)} />
      {end && end.text !== "" && (
        <pre className="text" tabIndex={0}>
          <Plain text={end.text} />
        </pre>
      )}
      {end?.failure && (
        <p className="note bad">
          <Plain text={end.failure.message} /> <code>{end.failure.code}</code>
        </p>
      )}
    </header>
  );
}

function factsOf(about: About): readonly Fact[] {
  const { run, agent, model, at, state, end, client, parent, fork, rehearsal } = about;
  const used = end?.usage;
  return [
    [
      "state",
      <>
        <State is={end?.outcome ?? state} /> {rehearsal && "a rehearsal: every effect was withheld"}
      </>,
    ],
    ["agent", <Plain text={`${agent} on ${model}${client === null ? "" : ` for ${client}`}`} />],
    ["began", timeOf(at)],
    used && [
      "used",
      `${countOf(used.input + used.output)} tokens, ${costOf(used.cost)}, ${spanOf(used.ms)}`,
    ],
    parent !== null && ["for", <a href={hrefOf("runs", parent)}>{parent}</a>],
    fork && ["forked", <a href={hrefOf("runs", fork.run, { step: fork.step })}>{fork.step}</a>],
    [
      "record",
      <code>
        {run}, {countOf(about.events)} events, {about.head.slice(0, 16)}
      </code>,
    ],
  ];
}

/** Stopping it, going on with it, and proving that its record is what happened. */
function Actions({ about: { run, state } }: { about: About }): ReactNode {
  const doing = useDoing();
  const [replayed, setReplayed] = useState<Of<typeof Replayed> | null>(null);
  const path = `/v1/runs/${encodeURIComponent(run)}`;
  const replay = (): void =>
    doing.act(async () => setReplayed(await send<Of<typeof Replayed>>("POST", `${path}/replay`)));
  const cancel = (): void => doing.act(() => send("POST", `${path}/cancel`));
  const resume = (): void => doing.act(() => send("POST", `${path}/resume`));
  return (
    <>
      <div className="actions">
        <Act says="Replay" press="R" off={doing.busy} act={replay} />
        {state === "interrupted" && (
          <Act says="Go on with it" press="r" off={doing.busy} act={resume} />
        )}
        {state !== "ended" && (
          <Act says="Stop it" press="c" look="danger" off={doing.busy} act={cancel} />
        )}
      </div>
      <Trouble error={doing.error} />
      {replayed && (
        <p className={replayed.ok ? "note" : "note bad"} role="status">
          {replayed.ok
            ? `Driven again from the journal alone: ${replayed.steps} steps, ${replayed.events} events, all the same.`
            : replayed.differs}
        </p>
      )}
    </>
  );
}
