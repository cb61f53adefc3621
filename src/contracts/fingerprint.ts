/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "4efcdd62516186d049abfadef15faa21ca98d290fadbf4f52c572daefe4a4bb9";
