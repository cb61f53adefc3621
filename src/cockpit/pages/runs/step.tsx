import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import type { RunBegun } from "../../../contracts/http/runs.ts";
import type { StepShown } from "../../../contracts/http/traces.ts";
import { send, type Of } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { submitting, useDoing } from "../../ui/doing.ts";
import { costOf, countOf, spanOf, timeOf } from "../../ui/figures.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { Rank, State } from "../../ui/marks.tsx";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Shown as There, Trouble } from "../../ui/says.tsx";

/** One step: what was wanted, why it was decided so, how it was held, and what came of it. */
export function Step({ id, run }: { id: string; run: string }): ReactNode {
  const step = useResource<Shown>(
    `/v1/steps/${encodeURIComponent(id)}`,
    (told) => told.step === id,
  );
  return (
    <section className="sheet padded stack" aria-label="The step">
      <There of={step} what="the step">
        {(shown) => (
          <>
            <h2>
              {shown.kind} <Plain text={shown.name} /> <State is={shown.status} />{" "}
              <Rank rank={shown.rank} />
            </h2>
            <Facts rows={factsOf(shown)} />
            <Why step={shown} />
            <Json title="It was asked with" value={shown.args} />
            <Came step={shown} />
            <Fork step={shown} run={run} />
          </>
        )}
      </There>
    </section>
  );
}

type Shown = Of<typeof StepShown>;

function factsOf(step: Shown): readonly Fact[] {
  const { agent, at, ms, usage, isolation, held, fallback, reach } = step;
  const when = `${at === null ? "" : `, ${timeOf(at)}`}${ms === null ? "" : `, ${spanOf(ms)}`}`;
  return [
    ["by", <Plain text={`${agent}${when}`} />],
    usage && [
      "tokens",
      `${countOf(usage.input)} read, ${countOf(usage.output)} written, ${costOf(usage.cost ?? null)}`,
    ],
    ["held by", `${isolation ?? "no process was started"} ${held ? JSON.stringify(held) : ""}`],
    fallback !== null && ["in place of", <Plain text={fallback} />],
    reach && [
      "reaches",
      <Plain text={[...reach.scopes, ...reach.destinations].join(", ") || "nothing"} />,
    ],
    reach && ["label", <Plain text={JSON.stringify(reach.label)} />],
  ];
}

function Why({ step }: { step: Shown }): ReactNode {
  const { verdict, reason, explanation, line, asked } = step;
  if (verdict === null) return null;
  return (
    <div className="note">
      <State is={verdict} /> <code>{reason}</code> {line !== null && <code>{line}</code>}
      <ul>
        {explanation.map((sentence, i) => (
          <li key={i}>
            <Plain text={sentence} />
          </li>
        ))}
        {asked.map(({ id, came, by, ms }) => (
          <li key={id}>
            asked: {came ?? "not answered"}
            {by !== null && ` by ${by}`}
            {ms !== null && ` after ${spanOf(ms)}`}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Came({ step: { outcome, failure } }: { step: Shown }): ReactNode {
  if (outcome === null) return null;
  return (
    <>
      {failure && (
        <p className="note bad">
          <Plain text={failure.message} /> <code>{failure.code}</code>
        </p>
      )}
      <Json title="What came of it" value={outcome} />
    </>
  );
}

function Json({ title, value }: { title: string; value: unknown }): ReactNode {
  return (
    <>
      <h3>{title}</h3>
      <pre className="text" tabIndex={0}>
        <Plain text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} />
      </pre>
    </>
  );
}

/** Another run from this step on, with another agent or model where one is named. */
function Fork({ step, run }: { step: Shown; run: string }): ReactNode {
  const doing = useDoing();
  const [model, setModel] = useState("");
  const [agent, setAgent] = useState("");
  const fork = (): void =>
    doing.act(async () => {
      const other = { ...(model === "" ? {} : { model }), ...(agent === "" ? {} : { agent }) };
      const path = `/v1/runs/${encodeURIComponent(run)}/fork`;
      const begun = await send<Of<typeof RunBegun>>("POST", path, { at: step.step, ...other });
      go(hrefOf("runs", begun.run));
    });
  return (
    <form className="row" onSubmit={submitting(fork)}>
      <Field
        {...{ label: "Another agent", isBare: true, value: agent, set: setAgent }}
        placeholder="another agent"
      />
      <Field
        {...{ label: "Another model", isBare: true, value: model, set: setModel }}
        placeholder="another model"
      />
      <Act says="Fork here" press="f" off={doing.busy} />
      <Trouble error={doing.error} />
    </form>
  );
}
