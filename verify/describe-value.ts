const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const THREE_PARTS = /^([^_]+)_([A-Za-z0-9]{1,16})_([0-9a-f-]{36})$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** What a value looks like, without the value: `64+4+36 characters`, `a JWT, 812 characters`. Lengths and no content. */
export function shapeOfText(text: string): string {
  const parts = THREE_PARTS.exec(text);
  if (parts) {
    const lengths = parts.slice(1).map((part) => String(part.length));
    return `${lengths.join('+')} characters`;
  }
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return `a JWT, ${count(text)}`;
  if (UUID.test(text)) return 'a UUID';
  return count(text);
}

/** The placeholder for a text in a field of that name. */
export function placeholderOf(text: string, kind: string): string {
  return `<${kind}, ${shapeOfText(text)}>`;
}

/** What kind of text stands in a field that says nothing of it. */
export function kindOfText(text: string): string {
  if (/^[^\s@]+@[^\s@]+$/.test(text)) return 'email address';
  if (/^https?:\/\//.test(text)) return 'URL';
  if (INSTANT.test(text)) return 'date and time';
  if (isPublicId(text)) return 'Webex id';
  return 'text';
}

function isPublicId(text: string): boolean {
  return /^[\w+/=-]{20,}$/.test(text) && Buffer.from(text, 'base64').toString().startsWith('ciscospark://');
}

function count(text: string): string {
  return text.length === 1 ? '1 character' : `${String(text.length)} characters`;
}
