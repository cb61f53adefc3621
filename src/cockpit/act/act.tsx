import { type ReactNode, useRef } from "react";
import { type Action, nameOf, useActions } from "./actions.ts";

interface ActProps extends Omit<Action, "act"> {
  /** Without it, it sends the form it stands in. */
  readonly act?: () => void;
  readonly look?: "strong" | "danger" | "plain";
  /** True where it takes the place of what was acted on, and with it the focus. */
  readonly isNext?: boolean;
  /** True where every page has it. */
  readonly isEverywhere?: boolean;
  /** More than its words, for who rests on it. */
  readonly title?: string;
  readonly children?: ReactNode;
}

/** A button. There is no other: whatever can be pressed is an action, and is in the palette. */
export function Act(props: ActProps): ReactNode {
  const { says, of, press, act, look, off = false, isNext = false, title, children } = props;
  const button = useRef<HTMLButtonElement>(null);
  const send = (): void => button.current?.form?.requestSubmit();
  useActions([{ says, of, press, off, act: act ?? send }], props.isEverywhere);
  return (
    <button
      ref={button}
      type={act ? "button" : "submit"}
      className={look}
      disabled={off}
      onClick={act}
      title={title}
      autoFocus={isNext}
      data-act={nameOf({ says, of })}
      aria-keyshortcuts={press}
    >
      {children ?? says}
      {of !== undefined && <span className="hidden">: {of}</span>}{" "}
      {press !== undefined && <kbd aria-hidden="true">{press}</kbd>}
    </button>
  );
}
