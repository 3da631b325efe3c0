import type { Person } from '../oauth/person.js';

/**
 * The default subject: `<organisation id>:<person id>`, or the person id alone where Webex names no organisation. Both are
 * URL-encoded, so that the join is unambiguous. Never the email or the name, which change and can be taken over.
 */
export function personSubject({ id, orgId }: Person): string {
  return orgId ? `${encodeURIComponent(orgId)}:${encodeURIComponent(id)}` : encodeURIComponent(id);
}
