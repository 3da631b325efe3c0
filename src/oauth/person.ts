/** Who a token set belongs to, as Webex says. Identity is `id` within `orgId`, never the email or the name. */
export interface Person {
  readonly id: string;
  readonly orgId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  /** `person`, `bot` or `appuser`. */
  readonly type?: string | undefined;
}
