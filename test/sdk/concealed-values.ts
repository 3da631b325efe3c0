const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** Puts names in the place of values that are secret, or differ from run to run, so that two logs can be compared and printed. */
export class ConcealedValues {
  readonly #names = new Map<string, string>();

  /** From now on `value` is written as `[name]`. The first name of a value stays. */
  add(value: string, name: string): void {
    if (value !== '' && !this.#names.has(value)) this.#names.set(value, `[${name}]`);
  }

  /** What is concealed, with its names. */
  get entries(): readonly (readonly [value: string, name: string])[] {
    return [...this.#names];
  }

  /** The text with names for values; what is base64 in a Basic authorization is looked into. */
  conceal(text: string): string {
    const basic = /^Basic ([\w+/=-]+)$/i.exec(text)?.[1];
    if (basic !== undefined) {
      const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
      return `Basic base64 of ${this.conceal(id)}:${this.conceal(secret)}`;
    }
    let concealed = text;
    // The longest first: one value may hold another.
    for (const [value, name] of [...this.#names].sort(([a], [b]) => b.length - a.length)) {
      concealed = concealed.replaceAll(value, name);
    }
    return concealed.replace(UUID, '[uuid]');
  }
}
