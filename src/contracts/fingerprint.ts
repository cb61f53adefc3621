/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "bedb8e957e902479f151bdd179668cc345c96f3a4b44a2a3828897cac567b733";
