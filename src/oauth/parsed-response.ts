/**
 * A 200 whose JSON is parsed already, for a library that takes responses only. It knows a response by its tag; a real one would be
 * written and read once more through streams, which costs more than the whole validation.
 */
export function parsedResponse(value: unknown): Response {
  return new ParsedResponse(value) as unknown as Response;
}

class ParsedResponse {
  readonly status = 200;
  // No real Headers: the first one that a process makes loads Node's whole fetch.
  readonly headers = { get: () => 'application/json' };
  readonly bodyUsed = false;
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  get [Symbol.toStringTag](): string {
    return 'Response';
  }

  json(): Promise<unknown> {
    return Promise.resolve(this.#value);
  }
}
