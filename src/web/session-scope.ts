/** Where the sessions of one client live in a store: subjects of another client or tenant may have the same names. */
export function sessionScope({ tenant, clientId }: { tenant: string; clientId: string }): string {
  return `${encodeURIComponent(tenant)}/${encodeURIComponent(clientId)}`;
}
