import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { randomToken } from '../../src/base/random.js';
import { leakForms, piecesOf, windowsOf } from './leak-forms.js';
import { NeedleIndex } from './needle-index.js';
import { recordOutput } from './output-capture.js';
import { valueTexts } from './value-texts.js';

/** A secret that was found. Holds its label, never the secret. */
export interface LeakHit {
  readonly where: string;
  readonly label: string;
  /** How it was written, e.g. `base64`; `window` is any 16 bytes of it, `broken over lines` any form with white space in it. */
  readonly form: string;
  /** Bytes from the beginning of what was scanned, without its white space where that had to go. */
  readonly offset: number;
}

/** Looks for secrets wherever they must not be. Scans collect `hits`; `assertClean` throws when there are any. */
export interface LeakScanner {
  /** A fresh random secret that is watched from now on. */
  canary(label: string): string;
  /** Watches a secret of at least 8 bytes. Windows of 16 bytes that lie in one of `publicParts` are no leak. */
  watch(secret: string | Uint8Array, label?: string, options?: { publicParts?: readonly string[] }): void;
  scanText(where: string, text: string | Uint8Array): void;
  /** Everything one could print of a value: inspect, JSON, String, clone, and each text reachable by name. */
  scanValue(where: string, value: unknown): void;
  /** A file, or all files below a directory, with their names; links are not followed. */
  scanFiles(where: string, path: string): void;
  /** Command line and environment of a process, where there is /proc. */
  scanProcess(where: string, pid: number): void;
  /** Records stdout, stderr, console and process warnings of this process; `stop` scans them. */
  captureOutput(): { stop(): void };
  readonly hits: readonly LeakHit[];
  assertClean(): void;
}

interface Tag {
  readonly label: string;
  readonly form: string;
}

const SHORTEST_SECRET = 8;
const WHOLE: ReadonlySet<string> = new Set(['raw', 'base64', 'base64url', 'hex', 'hex with colons']);
const BROKEN = 'broken over lines';
// As it is, and as JSON, inspect and shells write it.
const LINE_BREAK = /(?:\\+[rnt]|\s)+/g;

/** A scanner that watches nothing yet. */
export function createLeakScanner(): LeakScanner {
  const index = new NeedleIndex<Tag>();
  const hits: LeakHit[] = [];
  let watched = 0;

  function find(bytes: Buffer): (Tag & { offset: number })[] {
    const found: (Tag & { offset: number })[] = [];
    const toldUntil = new Map<string, number>();
    index.search(bytes, ({ tag, offset, length }) => {
      const { label, form } = tag;
      const until = toldUntil.get(label) ?? -1;
      const isPart = form === 'window' || form.startsWith('piece');
      // The windows of one run are one leak, and belong to the whole secret when that was found.
      if (!isPart || offset > until) found.push({ ...tag, offset });
      if (isPart || WHOLE.has(form)) toldUntil.set(label, Math.max(until, offset + length - 1));
    });
    return found;
  }

  const scanner: LeakScanner = {
    hits,
    canary(label) {
      const secret = randomToken(32);
      scanner.watch(secret, label);
      return secret;
    },
    watch(secret, label = `secret ${watched + 1}`, { publicParts = [] } = {}) {
      const bytes = Buffer.from(secret as Uint8Array);
      if (bytes.length < SHORTEST_SECRET)
        throw new Error(`'${label}' is too short: it would be found by chance`);
      if (label.includes(String(secret))) throw new Error('A label must not hold its secret');
      watched++;
      for (const { form, bytes: written } of leakForms(secret))
        index.add({ bytes: written, tag: { label, form } });
      for (const window of windowsOf(bytes)) {
        if (window.length === bytes.length || publicParts.some((part) => part.includes(window.toString())))
          continue;
        index.add({ bytes: window, tag: { label, form: 'window' } });
      }
      for (const own of ownParts(bytes, publicParts))
        for (const { form, bytes: piece } of piecesOf(own)) index.add({ bytes: piece, tag: { label, form } });
    },
    scanText(where, text) {
      const bytes = Buffer.from(text as Uint8Array);
      const found = find(bytes);
      if (found.length === 0) found.push(...find(inOneLine(bytes)).map((hit) => ({ ...hit, form: BROKEN })));
      if (found.length === 0) return;
      const shown = find(Buffer.from(where)).length > 0 ? '(a place whose name holds a secret)' : where;
      hits.push(...found.map((hit) => ({ where: shown, ...hit })));
    },
    scanValue(where, value) {
      for (const [way, text] of valueTexts(value)) scanner.scanText(`${where} (${way})`, text);
    },
    scanFiles(where, path) {
      const stats = lstatSync(path);
      scanner.scanText(`${where}, a file name`, path);
      if (stats.isSymbolicLink()) scanner.scanText(`${where}, a link`, readlinkSync(path));
      else if (stats.isDirectory()) {
        for (const name of readdirSync(path))
          vanishing(() => scanner.scanFiles(`${where}/${name}`, join(path, name)));
      } else if (stats.isFile()) scanner.scanText(where, readFileSync(path));
    },
    scanProcess(where, pid) {
      if (process.platform !== 'linux') return;
      for (const part of ['cmdline', 'environ']) {
        scanner.scanText(`${where} (${part})`, readFileSync(`/proc/${pid}/${part}`));
      }
    },
    captureOutput() {
      const recording = recordOutput();
      return {
        stop() {
          for (const [way, bytes] of recording.stop()) scanner.scanText(way, bytes);
        },
      };
    },
    assertClean() {
      if (watched === 0) throw new Error('Nothing was watched, so nothing was proved');
      if (hits.length === 0) return;
      const lines = hits.map(
        ({ where, label, form, offset }) => `${label} as ${form} in ${where} at ${offset}`,
      );
      throw new Error(`${hits.length} leaks:\n${[...new Set(lines)].slice(0, 100).join('\n')}`);
    },
  };
  return scanner;
}

function ownParts(bytes: Buffer, publicParts: readonly string[]): readonly Buffer[] {
  const parts = publicParts
    .filter((part) => part !== '')
    .reduce(
      (left, part) => left.flatMap((one) => one.split(Buffer.from(part).toString('latin1'))),
      [bytes.toString('latin1')],
    );
  return parts.map((part) => Buffer.from(part, 'latin1'));
}

function inOneLine(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(LINE_BREAK, ''), 'latin1');
}

// Journals and drafts come and go while a directory is read; the path that was asked for must be there.
function vanishing(scan: () => void): void {
  try {
    scan();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
