import { type Journey, runIn } from "../support/journey.ts";

const TEST = `got=$(sh greet.sh world)
[ "$got" = "Hello, world!" ] || { echo "wanted: Hello, world!  got: $got"; exit 1; }
echo "1 test passed"
`;

export const journey: Journey = {
  name: "coder",
  title: "A coding task ends in a patch",
  walk: async ({ says, types, has, goes }) => {
    says(`The coder works in a copy of your repository. What it did there comes back as a patch; your own
files stay as they are until you apply it. The repository of this walk has a script, and a test that
fails:`);
    has("greeter/greet.sh", '#!/bin/sh\necho "Hello $1"\n');
    has("greeter/test.sh", TEST);
    goes("greeter");
    await types("git init --quiet --initial-branch=main . && git add --all");
    const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    await types(["git", ...who, "commit", "--quiet", "--message=First"]);
    says("The arrangement is the project's own. A recorded model plays the coder here.");
    await types("nanos init . --from coder");
    await types("nanos model use recorded");
    says("## A task");
    const done = runIn(await types(["nanos", "run", "Make the greeting pass its test"]));
    await types(["nanos", "patch", done]);
    says("Nothing of yours was touched. The patch applies, and then the test passes:");
    await types("git status --short");
    await types(`nanos patch ${done} 2>/dev/null | git apply --check -v`);
    await types(`nanos patch ${done} 2>/dev/null | git apply && sh test.sh`);
    says("The receipt: the copy was made, every call was judged and held, the patch was taken.");
    await types(["nanos", "trace", "show", done]);
    await types(["nanos", "trace", "replay", done]);
    says(`## A task that fails

Here the model is gone in the middle of it. What there was by then is kept, with what was tried:`);
    const failed = runIn(await types(["nanos", "run", "Rewrite it in another language"]));
    await types(["nanos", "patch", failed]);
    says(`## What it may not

Programs run in the copy without asking, as they reach nothing else: no network, no file of yours. What
would publish or push is denied by a rule of the starter all the same, and can be asked beforehand:`);
    await types(["nanos", "can", "coder", "run_command", '{"command":"git push"}']);
    await types(["nanos", "can", "coder", "run_command", '{"command":"npm test"}']);
    await types("nanos trace verify");
  },
};
