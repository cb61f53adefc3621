import { escaped, page } from "../cockpit/pages.ts";
import { PROOF } from "../door/seats.ts";
import type { Reply } from "../route.ts";

/** The page on which the operator answers a client that asks for a key. */
export function consentPage(id: string): Reply {
  return page("nanos: a program asks", `${FORM.replace("CONSENT", escaped(id))}\n${LOADS}`);
}

export function refusedPage(why: string): Reply {
  return { ...page("nanos", `<h1>Refused</h1>\n<p>${escaped(why)}</p>`), status: 400 };
}

const FORM = `<main data-consent="CONSENT">
<h1 id="who">A program asks for a key</h1>
<p id="says">Looking at who asks.</p>
<form id="answer" hidden>
<p><label>Agent it may ask <select id="agent"></select></label></p>
<p><label>Reach at most, a scope a line; what the agent may where nothing is said<br>
<textarea id="scopes" rows="3" cols="50"></textarea></label></p>
<p><label>Days <input id="days" type="number" min="1" max="90" value="30"></label></p>
<p><button type="button" id="deny">No</button> <button type="button" id="allow">Yes, give it that key</button></p>
</form>
</main>`;

const LOADS = `<script src="/oauth/consent.js"></script>`;

/** What anybody wrote is put there as text and never as markup. */
export const CONSENT_SCRIPT = `const at = (id) => document.getElementById(id);
const path = "/v1/consents/" + document.querySelector("main").dataset.consent;
const headers = { "content-type": "application/json", "${PROOF}": localStorage.getItem("${PROOF}") ?? "" };
const ask = async (how) => {
  const answer = await fetch(path, { headers, ...how });
  const said = await answer.json();
  if (answer.ok) return said;
  at("answer").hidden = true;
  at("says").textContent = said.error.message + " (nanos key link lets this browser in; then load this page again.)";
  return null;
};
const send = async (body) => {
  const said = await ask({ method: "POST", body: JSON.stringify(body) });
  if (said !== null) location.replace(said.redirect);
};
ask({}).then((said) => {
  if (said === null) return;
  at("who").textContent = said.client + " asks for a key";
  at("says").textContent = "That is what it calls itself. It is answered at " + said.to + ".";
  for (const { name, description } of said.agents) {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = name + ": " + description;
    at("agent").append(option);
  }
  at("answer").hidden = false;
  at("deny").onclick = () => send({ verdict: "deny" });
  at("allow").onclick = () => {
    const scopes = at("scopes").value.split("\\n").map((one) => one.trim()).filter((one) => one !== "");
    const reach = scopes.length === 0 ? {} : { scopes };
    send({ verdict: "allow", agent: at("agent").value, days: Number(at("days").value), ...reach });
  };
});
`;
