/**
 * What a command-line agent cannot go below: reads its prompt, asks the model, keeps a journal,
 * prints the answer. Compiled by the bench; `oneshot URL MODEL FILE`.
 */
import { writeSync } from "node:fs";
import { openLedger } from "./cases/ledger.ts";
import { loop } from "./cases/loop.ts";

const [url = "", model = "", file = ""] = process.argv.slice(2);
const ledger = openLedger(file);
writeSync(1, `${await loop({ url, model, keep: ledger.keep })}\n`);
ledger.close();
process.exit(0);
