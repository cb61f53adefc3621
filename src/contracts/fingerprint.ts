/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "072885eca6563981ee7941be00a84a0ef9e51a7932924b36afdce3697ccbdfad";
