/** Where a sealed value lives. All of it is bound into the ciphertext: a value moved elsewhere does not open. */
export interface SealContext {
  readonly tenant: string;
  readonly clientId: string;
  readonly subject: string;
  readonly column: string;
  readonly generation: number;
}
