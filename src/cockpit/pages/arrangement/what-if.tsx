import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { Fold } from "../../act/fold.tsx";
import type { ArrangementShown, Simulated } from "../../../contracts/http/cockpit.ts";
import { type Of, send } from "../../net/api.ts";
import { submitting, useDoing } from "../../ui/doing.ts";
import { State } from "../../ui/marks.tsx";
import { hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Trouble } from "../../ui/says.tsx";

/** A rule to start from: each has a call it is about, and one it is not. */
const EXAMPLE = `rules:
  - id: ask-before-tools
    when: { kind: tool }
    then: ask
    example: { kind: tool, name: any }
    counter: { kind: run, name: any }
`;

type Result = Of<typeof Simulated>;

/** The rules in force, and what others would have made of everything that was judged here. */
export function WhatIf({ all: { rules } }: { all: Of<typeof ArrangementShown> }): ReactNode {
  const [text, setText] = useState(EXAMPLE);
  const [result, setResult] = useState<Result | null>(null);
  const doing = useDoing();
  const simulate = (): void =>
    doing.act(async () => setResult(await send("POST", "/v1/rules/simulate", { rules: text })));
  return (
    <>
      <ul className="stack" aria-label="Rules in force">
        {rules.length === 0 && <li className="soft">No rule of its own.</li>}
        {rules.map((rule) => (
          <li key={rule.id} className="sheet padded">
            <Fold
              {...{ says: "Rule", of: rule.id }}
              head={
                <>
                  <State is={rule.then} /> <code>{rule.id}</code>{" "}
                  <Plain text={rule.description ?? ""} />
                </>
              }
            >
              <pre className="text" tabIndex={0}>
                <Plain text={JSON.stringify(rule, null, 2)} />
              </pre>
            </Fold>
          </li>
        ))}
      </ul>
      <form className="stack" onSubmit={submitting(simulate)}>
        <Field
          {...{ label: "What if these were the rules", lines: 8, look: "mono" }}
          value={text}
          set={setText}
        />
        <Trouble error={doing.error} />
        <div className="actions">
          <Act says="Hold them against the past" press="h" look="strong" off={doing.busy} />
        </div>
      </form>
      {result && <Past result={result} />}
    </>
  );
}

function Past({ result }: { result: Result }): ReactNode {
  const { judged, unknown, denied, asked, allowed, lines } = result;
  return (
    <section className="stack" aria-label="What they would have made">
      <p role="status">
        Of {judged} decisions: {denied} would be denied, {asked} asked about and {allowed} allowed
        now; {unknown} cannot be told.
      </p>
      <table>
        <tbody>
          {lines.slice(0, MOST).map(({ step, agent, name, was, now, rule }) => (
            <tr key={step}>
              <td>
                <a href={hrefOf("runs", step.split(".")[0] ?? step, { step })}>{step}</a>
              </td>
              <td>
                <Plain text={`${agent}: ${name}`} />
              </td>
              <td>
                <State is={was} /> → <State is={now} />
              </td>
              <td>
                <Plain text={rule ?? ""} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > MOST && <p className="soft">{lines.length - MOST} more</p>}
    </section>
  );
}

const MOST = 200;
