/** The chain of what belongs to no run. */
export const HOME_CHAIN = "home";
/** `prev` of the first entry of a chain that continues no other. */
export const GENESIS = "0".repeat(64);
