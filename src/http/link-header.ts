// One link-value (RFC 8288, 3): <target> and parameters whose values are tokens or quoted strings.
const LINK = /<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))?)*)\s*(?:,|$)/y;
const REL = /(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/** The target of the first link with `rel="next"`, exactly as written; undefined when there is none or the field is malformed. */
export function nextLink(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const text = field.trim();
  LINK.lastIndex = 0;
  while (LINK.lastIndex < text.length) {
    while (text[LINK.lastIndex] === ' ' || text[LINK.lastIndex] === ',') LINK.lastIndex++;
    const link = LINK.exec(text);
    if (!link) return undefined;
    const rel = REL.exec(link[2] ?? '');
    if ((rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/).includes('next')) return link[1];
  }
  return undefined;
}
