import { secretForms } from './secret-forms.js';

/** Where a secret was found. It holds the secret's label, never the secret. */
export interface Leak {
  readonly where: string;
  readonly label: string;
}

/** Shorter ones would be found by chance; what is redacted by its field needs no scan to be gone. */
const SHORTEST = 8;
const WINDOW = 16;

/** Everything that this run must not write: learned as it is sent or received, replaced in texts, looked for before writing. */
export class KnownSecrets {
  readonly #labels = new Map<string, string>();
  readonly #windows = new Map<string, string>();
  readonly #short = new Map<string, string>();

  /** Keeps a secret (or a fact about a person) under a label; the first label stays. Shorter than 8 characters is ignored. */
  learn(value: unknown, label: string): void {
    if (typeof value !== 'string' || value.length < SHORTEST || this.#labels.has(value)) return;
    this.#labels.set(value, label);
    for (const form of secretForms(value)) {
      if (form.length < WINDOW) this.#short.set(form, label);
      for (let at = 0; at + WINDOW <= form.length; at++) {
        this.#windows.set(form.slice(at, at + WINDOW), label);
      }
    }
  }

  /** How many are known. */
  get size(): number {
    return this.#labels.size;
  }

  /** The label of a value that is known as a whole. */
  labelOf(value: string): string | undefined {
    return this.#labels.get(value);
  }

  /** The text with every known secret in it replaced by its label, the longest first. */
  replaceIn(text: string): string {
    return [...this.#labels]
      .sort(([left], [right]) => right.length - left.length)
      .reduce((left, [value, label]) => left.replaceAll(value, `<${label}>`), text);
  }

  /** The secrets that are in a text in any form: raw, base64, URL-encoded, hex, or any 16 characters of these. */
  findIn(where: string, text: string): Leak[] {
    const labels = new Set<string>();
    for (let at = 0; at + WINDOW <= text.length; at++) {
      const label = this.#windows.get(text.slice(at, at + WINDOW));
      if (label !== undefined) labels.add(label);
    }
    for (const [form, label] of this.#short) if (text.includes(form)) labels.add(label);
    return [...labels].map((label) => ({ where, label }));
  }
}
