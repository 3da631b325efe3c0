import { FLOWS } from './flow.js';
import type { FlowLog, FlowName, FlowResult } from './flow.js';
import type { RecordedRequest } from './recorded-request.js';

/** One thing that the two clients do differently. Undefined: not there at all. */
export interface Difference {
  flow: FlowName;
  /** Method and path; undefined where it is how the flow ended. */
  request: string | undefined;
  field: string;
  theirs: string | undefined;
  ours: string | undefined;
}

/** A difference that is known, with its reason. It stands for all requests of its flows unless it names one. */
export interface KnownDifference {
  flows: readonly FlowName[];
  request?: string;
  field: string;
  theirs: string | undefined;
  ours: string | undefined;
  /** Why, and where that is written. */
  reason: string;
}

/** Everything in which two logs differ, in the order of the flows. */
export function differencesOf(theirs: FlowLog, ours: FlowLog): Difference[] {
  return FLOWS.flatMap((flow) => {
    const left = theirs.get(flow);
    const right = ours.get(flow);
    if (!left || !right) throw new Error(`The flow '${flow}' was not done by both`);
    const requests = inTurn(left.requests, right.requests);
    return [
      ...unlike(outcome(left.result), outcome(right.result)).map((one) => ({ request: undefined, ...one })),
      ...requests.flatMap(([request, their, our]) =>
        their && our
          ? unlike(their.fields, our.fields).map((one) => ({ request, ...one }))
          : [{ request, field: 'request', theirs: their && 'sent', ours: our && 'sent' }],
      ),
    ].map((one) => ({ flow, ...one }));
  });
}

/** Whether a known difference speaks of this one. */
export function covers(known: KnownDifference, { flow, request, field, theirs, ours }: Difference): boolean {
  return (
    known.flows.includes(flow) &&
    (known.request === undefined || known.request === request) &&
    known.field === field &&
    known.theirs === theirs &&
    known.ours === ours
  );
}

function outcome({ value, error, unhandled }: FlowResult): ReadonlyMap<string, string> {
  const fields = new Map([['result', error === undefined ? JSON.stringify(value) : `throws ${error}`]]);
  if (unhandled.length > 0) fields.set('unhandled rejection', unhandled.join('; '));
  return fields;
}

// The first of a kind with the first of that kind: what runs side by side has no order.
function inTurn(
  theirs: readonly RecordedRequest[],
  ours: readonly RecordedRequest[],
): [what: string, theirs: RecordedRequest | undefined, ours: RecordedRequest | undefined][] {
  const kinds = [...new Set([...theirs, ...ours].map(({ what }) => what))];
  return kinds.flatMap((kind) => {
    const left = theirs.filter(({ what }) => what === kind);
    const right = ours.filter(({ what }) => what === kind);
    const pairs = Math.max(left.length, right.length);
    return Array.from(
      { length: pairs },
      (_, i): [string, RecordedRequest | undefined, RecordedRequest | undefined] => [
        i === 0 ? kind : `${kind} (${String(i + 1)})`,
        left[i],
        right[i],
      ],
    );
  });
}

function unlike(
  theirs: ReadonlyMap<string, string>,
  ours: ReadonlyMap<string, string>,
): Pick<Difference, 'field' | 'theirs' | 'ours'>[] {
  return [...new Set([...theirs.keys(), ...ours.keys()])]
    .map((field) => ({ field, theirs: theirs.get(field), ours: ours.get(field) }))
    .filter((one) => one.theirs !== one.ours);
}
