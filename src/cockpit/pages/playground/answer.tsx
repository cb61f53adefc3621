import type { ReactNode } from "react";
import { State } from "../../ui/marks.tsx";
import { hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import type { Answer } from "./asking.ts";

/** What an agent made of an input, and how that stands to each constraint. */
export function Made({ title, answer }: { title: string; answer: Answer }): ReactNode {
  const { output, metadata } = answer;
  const { constraints, run, outcome, approvals } = metadata;
  return (
    <section className="sheet padded stack" aria-label={title}>
      <h2>{title}</h2>
      {approvals.map((id) => (
        <p key={id} className="note warn">
          It waits for you: <a href={hrefOf("approvals", id)}>answer it</a>
        </p>
      ))}
      <pre className="text" tabIndex={0}>
        <Plain text={output === "" ? "no answer" : output} />
      </pre>
      {constraints.length > 0 && (
        <ul>
          {constraints.map(({ constraint, status, why, check }, i) => (
            <li key={i} className="row">
              <State is={status} />
              <span className="grow">
                <Plain text={constraint} />{" "}
                <span className="soft">{why ?? check ?? "a reader has to tell"}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="soft row">
        <State is={outcome ?? "waiting"} /> <a href={hrefOf("runs", run)}>what it did</a>
      </p>
    </section>
  );
}
