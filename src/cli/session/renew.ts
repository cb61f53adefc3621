import { NanosError } from "../../std/error.ts";
import { span } from "../render/line.ts";
import { trustLines } from "../render/trust.ts";
import type { Session } from "./session.ts";

/**
 * Before a request, what others changed meanwhile is taken up and said in one line. A project that
 * is no longer what was trusted is shown, and asked about; without a yes, and where there is a
 * mistake in it, the session goes on as it was.
 *
 * @throws NanosError `trust.*` where nobody is there to be asked; the session is left then.
 */
export async function takeUp(session: Session): Promise<void> {
  try {
    const news = await session.nanos.renew();
    if (news.length === 0) return;
    session.renewed();
    session.print(() => [[span(news.join(" · "), "dim")]]);
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    if (error.code.startsWith("trust.") && (await trusted(session, error))) return takeUp(session);
    session.print(() => [
      [span("! ", "yellow"), error.message],
      [span(error.next, "yellow")],
      [span("Until then this session goes on as it was.", "dim")],
    ]);
  }
}

/** Shows what changed, and asks. */
async function trusted(session: Session, why: NanosError): Promise<boolean> {
  const { context, nanos } = session;
  const house = await context.house();
  const view = await house.trustView(context.options, nanos.place.workspace);
  const yes = await session.confirm(() => trustLines(view), "Trust this folder as it is now?");
  if (yes === null) {
    session.leave();
    throw why;
  }
  if (yes) await house.trust(context.options, view);
  return yes;
}
