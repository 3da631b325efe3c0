/** Application data kept beside a grant; survives refreshes. JSON values only. */
export type CustomFields = Readonly<Record<string, unknown>>;
