/** A body's own member; what it might inherit is not the server's word. */
export function member(body: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return body && Object.hasOwn(body, name) ? body[name] : undefined;
}
