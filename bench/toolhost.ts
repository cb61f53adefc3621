/**
 * A tool call as it is shipped: compiled by the bench, as the binary is, into the bench's case and
 * the entry its sandboxed processes start from.
 */
const [entry = "", file = ""] = process.argv.slice(2);
if (entry === "__host") {
  await (await import("../src/tools/runtime/main.ts")).hostMain(file);
} else {
  const { hostedTool } = await import("./cases/tools.ts");
  const figures = await hostedTool({ url: "", quick: entry === "quick" });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exit(0);
}
