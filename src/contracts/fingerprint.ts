/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "fe31557e129cfb0db6bdc7ea2236828331c8e7b395cc6e3bb5806e390f0880f9";
