import { changeGrant, FREED, isHeld, TOKENS_STORED } from './grant-statements.js';

/** What was announced with the fence still stands: nobody overtook it, and its intent is open. */
const STANDING = (fence: string): string => `g.fence = ${fence} AND g.intent_holder IS NOT NULL`;

const HELD_AS = 'g.lease_holder = $4 AND g.fence = $5';

/** The statements of `LeaseStore`, for a vault in `schema` (quoted). All take the key first, and give the row after them. */
export function leaseStatements(schema: string) {
  return {
    /** holder, version, lease ms, deadline ms. */
    claim: changeGrant(schema, {
      set: `version = g.version + 1, fence = g.fence + 1, attempts = g.attempts + 1, updated_at = now.wall,
    unknown = g.unknown OR g.intent_holder IS NOT NULL,
    intent_holder = $4, intent_sent_at = now.wall, intent_deadline = now.wall + $7,
    lease_holder = $4, lease_since = now.lease, lease_until = now.lease + $6`,
      where: `g.state IN ('live', 'suspect') AND g.version = $5
    AND (g.lease_holder IS NULL OR g.lease_holder = $4 OR NOT ${isHeld('now.lease')})`,
    }),

    /** holder, fence, lease ms. */
    renew: changeGrant(schema, {
      set: 'lease_since = now.lease, lease_until = now.lease + $6',
      where: HELD_AS,
    }),

    /** holder, fence. */
    release: changeGrant(schema, { set: FREED, where: HELD_AS }),

    /** fence, candidate. */
    keepCandidate: changeGrant(schema, {
      set: 'candidate = $5, updated_at = now.wall',
      where: STANDING('$4'),
    }),

    /** A token set, fence, generation. */
    commit: changeGrant(schema, {
      set: `${TOKENS_STORED}, ${FREED}`,
      where: `${STANDING('$10')} AND g.generation = $11`,
    }),

    /** A token set, generation. It names no holder, so whatever lease there is stays. */
    rescue: changeGrant(schema, {
      set: TOKENS_STORED,
      where: `g.state <> 'deleted' AND g.generation = $10`,
    }),

    /** fence, failure, due instant, version, state, reason. */
    bury: changeGrant(schema, {
      set: `state = $8, reason = $9, failure = $5, due_at = $6, version = g.version + 1, unknown = false,
    intent_holder = NULL, intent_sent_at = NULL, intent_deadline = NULL, ${FREED},
    state_since = CASE WHEN g.state = $8 THEN g.state_since ELSE now.wall END, updated_at = now.wall`,
      where: `${STANDING('$4')} AND g.version = $7`,
    }),

    /** fence, failure, due instant. An intent that covers an earlier unknown outcome stays open. */
    close: changeGrant(schema, {
      set: `failure = $5, due_at = $6, version = g.version + 1, ${FREED}, updated_at = now.wall,
    intent_holder = CASE WHEN g.unknown THEN g.intent_holder END,
    intent_sent_at = CASE WHEN g.unknown THEN g.intent_sent_at END,
    intent_deadline = CASE WHEN g.unknown THEN g.intent_deadline END`,
      where: STANDING('$4'),
    }),

    /** fence, failure, due instant. */
    leave: changeGrant(schema, {
      set: `failure = $5, due_at = $6, ${FREED}, updated_at = now.wall`,
      where: STANDING('$4'),
    }),
  };
}
