import { type Journey, runIn, type Way } from "../support/journey.ts";
import { startPage } from "../support/page.ts";

const REQUEST = "What's new in the React 19 RC, and update the dashboard notes";
const PAGE = `<html><head><title>React 19 RC</title></head><body><h1>React 19 RC</h1>
<p>Actions handle pending states, errors and optimistic updates.</p>
<p>The use API reads resources in render.</p></body></html>`;

const TEST = `got=$(sh greet.sh world)
[ "$got" = "Hello, world!" ] || { echo "wanted: Hello, world!  got: $got"; exit 1; }
echo "1 test passed"
`;

/** A coding agent as people have one: it reads what it shall do, and does it where it stands. */
const HELPER = `#!/bin/sh
read -r task
sed -i 's/Hello $1/Hello, $1!/' greet.sh
echo "I changed greet.sh: $task"
`;

export const journey: Journey = {
  name: "indie-developer",
  title: "An indie developer's daily driver",
  walk: async ({ says, types, shows, has, goes }) => {
    says(`An oracle that keeps notes and calendar, a researcher that reads the web for it, and one that
sees to code with the coding agent you use already. What the routes recognise needs no model at all.`);
    await types("nanos init --from indie-developer");
    const tidied = runIn(await types(["nanos", "run", "tidy today's notes"]));
    await types(["nanos", "trace", "show", tidied]);
    await types(`nanos run "what's on today?"`);
    says(`## One sentence, two agents

A recorded model plays the oracle and the researcher here; the page is one of this machine's own, so
that the walk needs no network. The host is named once, and from then on the researcher may reach
it without asking.`);
    await types("nanos model use recorded");
    const page = await startPage(PAGE);
    try {
      await types(["nanos", "grant", "add", "web-research", "--net", page.host]);
      const run = runIn(await types(["nanos", "run", REQUEST]));
      shows("notes/dashboard.md");
      says("Who did what, where it ran and what was decided:");
      await types(["nanos", "trace", "show", run]);
      await page.close();
      says(
        "The page is gone by now. The run can be driven again all the same, from its record alone:",
      );
      await types(["nanos", "trace", "replay", run]);
    } finally {
      await page.close();
    }
    await code({ says, types, has, goes });
    await types("nanos trace verify");
  },
};

/** The same starter in a project, with a coding agent of the person's own. */
async function code({
  says,
  types,
  has,
  goes,
}: Pick<Way, "says" | "types" | "has" | "goes">): Promise<void> {
  says(`## Work on code

A coding agent you use already does the work, and \`coding\` sees to it: in a copy of the repository,
with git, the tests and a review. The agent of this walk is a script of three lines.`);
  has("greeter/greet.sh", '#!/bin/sh\necho "Hello $1"\n');
  has("greeter/test.sh", TEST);
  has("bin/tinycoder", HELPER);
  goes("greeter");
  await types(
    "chmod +x ~/bin/tinycoder && git init --quiet --initial-branch=main . && git add --all",
  );
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  await types(["git", ...who, "commit", "--quiet", "--message=First"]);
  await types("nanos init . --from indie-developer >/dev/null");
  const wrap =
    "nanos agent wrap --yes --for coding --scope read:. --scope write:. --scope exec:sed";
  await types(`${wrap} ~/bin/tinycoder`);
  await types("nanos model use recorded");
  says(
    "One sentence to the oracle, and nobody is asked: their agent reaches the copy and nothing else.",
  );
  const run = runIn(await types(["nanos", "run", "Make the greeting pass its test"]));
  await types(["nanos", "trace", "show", run]);
  await types(`nanos patch ${run} 2>/dev/null | git apply && sh test.sh`);
}
