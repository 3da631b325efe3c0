/** Every way of writing a secret that is looked for: raw, hex, base64 at any position, URL-encoded, as in JSON. No spelling twice. */
export function secretForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const inUrl = encodeURIComponent(bytes.toString());
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([
      secret,
      hex,
      hex.toUpperCase(),
      ...base64Forms(bytes),
      inUrl,
      encodeURIComponent(inUrl),
      inForm,
      inJson,
    ]),
  ];
}

// Base64 of "something before, the secret, something after": only the characters that the secret alone decides.
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.length) * 8) / 6);
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(from, to);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
