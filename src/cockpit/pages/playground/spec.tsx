import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { submitting } from "../../ui/doing.ts";
import { Trouble } from "../../ui/says.tsx";
import { Made } from "./answer.tsx";
import type { Answer, Asking } from "./asking.ts";

const TITLES = ["Spec", "Tests", "Risks"];

/** An idea becomes a spec, the spec tests, and both the risks: three requests, each with the last. */
export function Spec({ asking }: { asking: Asking }): ReactNode {
  const [idea, setIdea] = useState("");
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const ask = (): void => {
    if (idea.trim() === "") return;
    const steps = [
      () => `Write a short specification of this idea:\n\n${idea}`,
      ([spec]: readonly Answer[]) => `List tests for this specification:\n\n${spec?.output ?? ""}`,
      ([spec, tests]: readonly Answer[]) =>
        `Name the risks that are left of this specification with these tests:\n\n${spec?.output ?? ""}\n\n${tests?.output ?? ""}`,
    ];
    asking.ask(steps, [], setAnswers);
  };
  return (
    <>
      <form className="stack" onSubmit={submitting(ask)}>
        <Field {...{ label: "Idea", lines: 4, value: idea, set: setIdea, isFirst: true }} />
        <Trouble error={asking.error} />
        <div className="actions">
          <Act says="Make spec, tests and risks" press="b" look="strong" off={asking.busy}>
            {asking.busy ? `${TITLES[answers.length] ?? "Asking"}…` : "Make spec, tests and risks"}
          </Act>
        </div>
      </form>
      {answers.map((answer, i) => (
        <Made key={answer.metadata.run} title={TITLES[i] ?? ""} answer={answer} />
      ))}
    </>
  );
}
